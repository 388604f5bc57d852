// Package rest is a client of the server's public API, for programs that use it as a person
// with curl would.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// timeout bounds one request.
const timeout = 30 * time.Second

// Client is one customer's.
type Client struct {
	base  string // of the server
	token string
}

// Error is an answer that is not 2xx.
type Error struct {
	Method, Path string
	Status       int
	Detail       string // in the words of the server
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, e.Detail)
}

// Register makes an account at a server and logs in to it.
func Register(ctx context.Context, base, email, password, name string) (*Client, error) {
	err := (&Client{base: base}).Call(ctx, http.MethodPost, "/users/register", map[string]string{
		"email": email, "password": password, "full_name": name,
	}, nil)
	if err != nil {
		return nil, err
	}
	return Login(ctx, base, email, password)
}

// Login logs in to an account.
func Login(ctx context.Context, base, email, password string) (*Client, error) {
	c := &Client{base: base}
	form := url.Values{"username": {email}, "password": {password}}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err := c.do(ctx, http.MethodPost, "/users/login", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), &answer)
	c.token = answer.AccessToken
	return c, err
}

// Call sends in as JSON, nil for no body, and reads the answer into out unless that is nil.
// A refusal is an [*Error].
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	return c.do(ctx, method, path, "application/json", body, out)
}

func (c *Client) do(ctx context.Context, method, path, contentType string, body io.Reader, out any) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		problem := &Error{Method: method, Path: path, Status: resp.StatusCode}
		_ = json.Unmarshal(answer, problem) // the rest says enough
		return problem
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
