package main

import (
	"fmt"
	"runtime/debug"
)

// version is set by the build of a release: -ldflags "-X main.version=v1.2.3".
var version string

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(p *program) error {
	_, err := fmt.Fprintln(p.stdout, "autopromo", currentVersion())
	return err
}

// currentVersion is that of the release, else that of the module, else the commit it was
// built from.
func currentVersion() string {
	info, ok := debug.ReadBuildInfo()
	switch {
	case version != "":
		return version
	case !ok:
		return "dev"
	case info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "dev-" + s.Value
		}
	}
	return "dev"
}
