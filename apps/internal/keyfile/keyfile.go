// Package keyfile keeps the installation's own secret keys in a file beside its database,
// made on the first start and readable by its owner only.
//
// Losing the file makes what is sealed in the database unreadable and ends all sessions,
// so it belongs into the backup; keep it apart from copies of the database.
package keyfile

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/autopromo-cloud/autopromo/core"
)

// Name is the name of the file in the data folder.
const Name = "keys.json"

// KeyBytes is the size of every key.
const KeyBytes = 32

// Keys are the secret keys of one installation.
type Keys struct {
	// Sealing seals columns of the database; the first seals, all open, so that a key can
	// be replaced by putting a new one in front.
	Sealing []SealingKey
	// Signing signs sessions.
	Signing core.Secret
	// MessageID keys the message ids chosen by us.
	MessageID core.Secret
}

// SealingKey is a key that sealed values name by its id.
type SealingKey struct {
	ID  string
	Key core.Secret // KeyBytes raw bytes
}

// stored is the file; keys are in hexadecimal.
type stored struct {
	Version   int             `json:"version"`
	Sealing   []storedSealing `json:"sealing"`
	Signing   string          `json:"signing"`
	MessageID string          `json:"message_id"`
}

type storedSealing struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

// Open returns the keys in the folder dir, which it makes when it is not there. Keys are
// made when there are none and the folder has no database yet; a database without its keys
// is an error, because new keys could not open it. So are a folder or a file that others
// can read, and a damaged file. No error shows a key.
func Open(dir, database string) (Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Keys{}, fmt.Errorf("data folder: %w", err)
	}
	if err := private(dir, "700"); err != nil {
		return Keys{}, err
	}
	path := filepath.Join(dir, Name)
	// The database is looked for first: another process that starts now makes it last.
	_, noDatabase := os.Stat(filepath.Join(dir, database))
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if noDatabase == nil {
			return Keys{}, fmt.Errorf("%s is missing, but there is a database that needs it: restore it from the backup", path)
		}
		if err := create(path); err != nil {
			return Keys{}, fmt.Errorf("make %s: %w", path, err)
		}
	}
	return Read(path)
}

// Read returns the keys in a file that is there. A file that others can read is refused, so
// is a damaged one.
func Read(path string) (Keys, error) {
	if err := private(path, "600"); err != nil {
		return Keys{}, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return Keys{}, err
	}
	keys, err := decode(raw)
	if err != nil {
		return Keys{}, fmt.Errorf("%s is damaged (%w): restore it from the backup", path, err)
	}
	return keys, nil
}

// private refuses what anybody but the owner can read or change. Windows has no such bits;
// there the folder's access list is the operator's affair.
func private(path, mode string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by other users (mode %04o): run chmod %s %s", path, info.Mode().Perm(), mode, path)
	}
	return nil
}

// New makes the content of a file with new keys.
func New() ([]byte, error) {
	id, err := random(4)
	if err != nil {
		return nil, err
	}
	var keys [3]string
	for i := range keys {
		if keys[i], err = random(KeyBytes); err != nil {
			return nil, err
		}
	}
	raw, err := json.MarshalIndent(stored{
		Version: 1, Sealing: []storedSealing{{ID: id, Key: keys[0]}}, Signing: keys[1], MessageID: keys[2],
	}, "", "  ")
	return append(raw, '\n'), err
}

// Print tells installations apart without telling a key. It stays the same when sealing or
// signing keys are replaced; the key of message ids cannot be, without sending twice.
func (k Keys) Print() string {
	mac := hmac.New(sha256.New, []byte(k.MessageID.Reveal()))
	mac.Write([]byte("autopromo installation"))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// create writes new keys. Of two processes that start at once one wins, and both read the
// winner's file, which is complete from the moment it is there.
func create(path string) error {
	raw, err := New()
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), Name+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(raw)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func random(n int) (string, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return hex.EncodeToString(b), nil
}

func decode(raw []byte) (Keys, error) {
	var s stored
	if err := json.Unmarshal(raw, &s); err != nil {
		return Keys{}, errors.New("not the expected JSON")
	}
	if s.Version != 1 {
		return Keys{}, fmt.Errorf("version %d is not known", s.Version)
	}
	var k Keys
	var err error
	for _, sealing := range s.Sealing {
		key, err := decodeKey("sealing", sealing.Key)
		if err != nil {
			return Keys{}, err
		}
		if sealing.ID == "" {
			return Keys{}, errors.New("a sealing key has no id")
		}
		k.Sealing = append(k.Sealing, SealingKey{ID: sealing.ID, Key: key})
	}
	if len(k.Sealing) == 0 {
		return Keys{}, errors.New("no sealing key")
	}
	if k.Signing, err = decodeKey("signing", s.Signing); err != nil {
		return Keys{}, err
	}
	if k.MessageID, err = decodeKey("message_id", s.MessageID); err != nil {
		return Keys{}, err
	}
	return k, nil
}

func decodeKey(name, text string) (core.Secret, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != KeyBytes {
		return core.Secret{}, fmt.Errorf("the %s key is not %d bytes in hexadecimal", name, KeyBytes)
	}
	return core.NewSecret(string(b)), nil
}
