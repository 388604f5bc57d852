package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"path"
)

//go:embed assets
var files embed.FS

// Asset is a file that pages refer to.
type Asset struct {
	ContentType string
	Data        []byte
}

// Assets are the files of the console, by name. Version is a fingerprint of them all: it is
// part of their addresses, so that a browser may keep them for ever.
type Assets struct {
	Version string
	byName  map[string]Asset
}

// contentTypes does not leave to the machine's own table what browsers insist on.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
}

// LoadAssets reads the embedded files.
func LoadAssets() (*Assets, error) {
	a := &Assets{byName: map[string]Asset{}}
	hash := sha256.New()
	err := fs.WalkDir(files, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		kind := contentTypes[path.Ext(name)]
		if kind == "" {
			kind = mime.TypeByExtension(path.Ext(name))
		}
		hash.Write(data)
		a.byName[path.Base(name)] = Asset{ContentType: kind, Data: data}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("console assets: %w", err)
	}
	a.Version = hex.EncodeToString(hash.Sum(nil)[:6])
	return a, nil
}

// Get returns a file by its name.
func (a *Assets) Get(name string) (Asset, bool) {
	file, ok := a.byName[name]
	return file, ok
}
