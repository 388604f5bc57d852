// Command autopromo watches WhatsApp groups for offers and reposts them with each tenant's
// own affiliate links. Without a command and without any setting it serves the API on
// 127.0.0.1:8090 and keeps everything in ./autopromo-data.
//
// It exits with 0 when it was stopped in order, 2 when it was called or configured wrongly
// and 1 when something failed.
package main

import "os"

func main() {
	os.Exit(run(untilSignal(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
