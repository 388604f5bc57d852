package demo

import (
	"fmt"
	"io"
	"strings"
)

// console prints the story. Colour is only a help: without it nothing is missing.
type console struct {
	out   io.Writer
	color bool
}

const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (c console) paint(code, s string) string {
	if !c.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (c console) say(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

func (c console) chapter(title string) { c.say("\n%s", c.paint(bold+";"+cyan, title)) }

// message prints a WhatsApp message with a bar at its side. Lines with a link are painted,
// because they are what changes.
func (c console) message(head, text, linkColor string, photo bool) {
	c.say("   %s", head)
	bar := c.paint(dim, "   │ ")
	if photo {
		c.say("%s%s", bar, c.paint(dim, "[foto]"))
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "https://") {
			line = c.paint(linkColor, line)
		}
		c.say("%s%s", bar, line)
	}
}
