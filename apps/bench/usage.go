package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// ticksPerSecond is the unit of /proc/*/stat: 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// ownCPU is the processor time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// serversCPU is that of all processes below this one, also of those that have ended; 0 where
// there is no /proc.
func serversCPU() time.Duration {
	parents, ticks := map[int]int{}, map[int]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		// The name, in parentheses, may hold anything; state is the third field.
		fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
		if len(fields) < 15 {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parents[pid], _ = strconv.Atoi(string(fields[1]))
		for _, field := range fields[11:15] { // utime, stime, and those of ended children
			n, _ := strconv.Atoi(string(field))
			ticks[pid] += n
		}
	}
	own, total := os.Getpid(), 0
	for pid := range parents {
		for above := parents[pid]; above > 1; above = parents[above] {
			if above == own {
				total += ticks[pid]
				break
			}
		}
	}
	return time.Duration(total) * time.Second / ticksPerSecond
}
