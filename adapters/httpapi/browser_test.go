package httpapi_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// screenshotsVariable names a folder that pictures of every page are written to.
const screenshotsVariable = "AUTOPROMO_SCREENSHOTS"

// chrome starts a browser, or skips the test where there is none.
func chrome(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: what a browser shows is no matter of goroutines")
	}
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no Chromium on this machine; make test installs it where it may")
	}
	dir, remove, err := profile()
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(dir), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.WSURLReadTimeout(time.Minute),
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "hide-scrollbars"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelBrowser := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		cancelBrowser()
		cancel()
		remove()
	})
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("%s does not start: %v", program, err)
	}
	return ctx
}

// profile makes a folder for a browser. Removing it tries several times: the browser's
// processes write for a moment after they were told to end.
func profile() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "autopromo-browser-")
	return dir, func() {
		for range 100 {
			if os.RemoveAll(dir) == nil {
				return
			}
		}
	}, err
}

// person sits at a browser of their own: nobody else's cookies are in it.
type person struct {
	*house
	ctx    context.Context
	mu     sync.Mutex
	faults []string // what the console of the browser complains about, and requests to others
}

// visitor opens a window of the given size for somebody who reads a language.
func (h *house) visitor(browser context.Context, language string, width, height int64) *person {
	h.t.Helper()
	p := &person{house: h}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.notice))
	h.t.Cleanup(cancel)
	ctx, cancelTime := context.WithTimeout(ctx, 3*time.Minute)
	h.t.Cleanup(cancelTime)
	p.ctx = ctx
	p.act(chromedp.Navigate("about:blank"))
	_, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	h.must(err)
	_, err = chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}})
	h.must(err)
	p.act(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(1)))
	return p
}

func (p *person) notice(event any) {
	fault := ""
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		// A form that was refused is answered with 422, which the browser calls an error.
		if level := string(e.Entry.Level); (level == "error" || level == "warning") && !strings.Contains(e.Entry.Text, "422") {
			fault = fmt.Sprintf("%s: %s (%s)", level, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		fault = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			fault += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		fault = "the page wrote to the console"
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, p.url+"/") && !strings.HasPrefix(u, "about:") && !strings.HasPrefix(u, "data:") {
			fault = "a request to " + u
		}
	}
	if fault != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.faults = append(p.faults, fault)
	}
}

func (p *person) act(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		where, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`location.pathname + ": " + document.body.innerText.slice(0, 1500)`))
		p.t.Fatalf("%v at %s", err, where)
	}
}

func (p *person) open(path string) {
	p.t.Helper()
	p.act(chromedp.Navigate(p.url+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// press clicks, and waits for the page the click leads to.
func (p *person) press(selector string) {
	p.t.Helper()
	for {
		_, err := chromedp.RunResponse(p.ctx, chromedp.Click(chromedp.CSS(selector)))
		if err == nil {
			return
		}
		// The page renews itself, perhaps between finding the element and its place.
		if !strings.Contains(err.Error(), "Could not find node") {
			p.t.Fatalf("press %s: %v", selector, err)
		}
	}
}

// write types a text in place of what a field holds.
func (p *person) write(selector, text string) {
	p.t.Helper()
	p.act(chromedp.WaitVisible(chromedp.CSS(selector)))
	evaluate[bool](p, fmt.Sprintf(`(e => { e.value = ""; return true })(document.querySelector(%q))`, selector))
	p.act(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// sees waits until the page shows a text, without loading it again.
func (p *person) sees(text string) {
	p.t.Helper()
	p.holds(fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// holds waits until an expression is true.
func (p *person) holds(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err != nil {
		text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`location.pathname + ": " + document.body.innerText.slice(0, 1500)`))
		p.t.Fatalf("never %s: %v; the page:\n%s", expression, err, text)
	}
}

func evaluate[T any](p *person, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (p *person) theme(name string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	p.must(err)
}

// picture writes what the window shows, where somebody wants to look.
func (p *person) picture(name string) {
	p.t.Helper()
	dir := os.Getenv(screenshotsVariable)
	if dir == "" {
		return
	}
	image, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.must(err)
	p.must(os.MkdirAll(dir, 0o755))
	p.must(os.WriteFile(filepath.Join(dir, name+".png"), image, 0o644))
}

// quiet checks that the browser had nothing to complain about.
func (p *person) quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		p.t.Errorf("the browser: %s", f)
	}
}

func (p *person) joins(email string) {
	p.t.Helper()
	p.open("/register")
	p.write("#full_name", strings.Split(email, "@")[0])
	p.write("#email", email)
	p.write("#password", password)
	p.press("main button:not([name])")
	if path := evaluate[string](p, "location.pathname"); path != "/" {
		p.t.Fatalf("after registering: %s", path)
	}
}

func (p *person) entersAs(email string) {
	p.t.Helper()
	p.open("/login")
	p.write("#email", email)
	p.write("#password", password)
	p.press("main button:not([name])")
}
