package endpoint

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"time"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/logger"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCert"
	"go.mau.fi/whatsmeow/util/keys"
	"google.golang.org/protobuf/proto"
)

// root signs the Noise certificates of every Server of the process, because whatsmeow pins
// one root key per process.
var root = sync.OnceValue(func() *keys.KeyPair {
	if logger.Logger == nil { // libsignal would make its own without a lock
		var quiet logger.Loggable = silent{}
		logger.Setup(&quiet)
	}
	key := keys.NewKeyPair()
	whatsmeow.WACertPubKey = *key.Pub
	return key
})

// silent is a logger of libsignal that says nothing.
type silent struct{}

func (silent) Debug(string, string)   {}
func (silent) Info(string, string)    {}
func (silent) Warning(string, string) {}
func (silent) Error(string, string)   {}
func (silent) Configure(string)       {}

// credentials are what proves the server to its clients: a Noise key with its certificate
// chain, and a web certificate.
type credentials struct {
	noise *keys.KeyPair
	chain []byte
	web   tls.Certificate
	roots *x509.CertPool
}

// validity is how long the certificates hold, around now.
const validity = 24 * time.Hour

func newCredentials() (*credentials, error) {
	id := &credentials{noise: keys.NewKeyPair(), roots: x509.NewCertPool()}
	intermediate := keys.NewKeyPair()
	inner, err := noiseCertificate(1, 0, intermediate, root())
	if err != nil {
		return nil, err
	}
	leaf, err := noiseCertificate(2, 1, id.noise, intermediate)
	if err != nil {
		return nil, err
	}
	if id.chain, err = proto.Marshal(&waCert.CertChain{Intermediate: inner, Leaf: leaf}); err != nil {
		return nil, err
	}
	return id, id.makeWeb()
}

// noiseCertificate certifies a Noise key; the root has serial 0.
func noiseCertificate(serial, issuer uint32, key, signer *keys.KeyPair) (*waCert.CertChain_NoiseCertificate, error) {
	now := time.Now()
	details, err := proto.Marshal(&waCert.CertChain_NoiseCertificate_Details{
		Serial: &serial, IssuerSerial: &issuer, Key: key.Pub[:],
		NotBefore: proto.Uint64(uint64(now.Add(-validity).Unix())), NotAfter: proto.Uint64(uint64(now.Add(validity).Unix())),
	})
	if err != nil {
		return nil, err
	}
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*signer.Priv), details)
	return &waCert.CertChain_NoiseCertificate{Details: details, Signature: signature[:]}, nil
}

// The names under which the client looks for WhatsApp.
const (
	webHost   = "web.whatsapp.com"
	mediaHost = "mmg.whatsapp.net"
)

func (id *credentials) makeWeb() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "testkit endpoint"},
		NotBefore: now.Add(-validity), NotAfter: now.Add(validity),
		DNSNames: []string{webHost, mediaHost}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	id.roots.AddCert(parsed)
	id.web = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return nil
}
