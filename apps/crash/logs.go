package main

import (
	"bytes"
	"os"
	"path/filepath"
)

// logSize is how much the processes have logged so far, by file.
func (f *fleet) logSize() map[string]int64 {
	sizes := map[string]int64{}
	for _, path := range f.logFiles() {
		if info, err := os.Stat(path); err == nil {
			sizes[path] = info.Size()
		}
	}
	return sizes
}

func (f *fleet) logFiles() []string {
	dir := f.logs
	if dir == "" {
		dir = f.dir
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.log"))
	return files
}

// reconciled counts deliveries that were in doubt and have been proven sent since.
func (f *fleet) reconciled(since map[string]int64) (n int) {
	for _, path := range f.logFiles() {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		text = text[min(int64(len(text)), since[path]):]
		n += bytes.Count(text, []byte("was=ambiguous")) + bytes.Count(text, []byte("was=unconfirmed"))
	}
	return n
}
