package faulty_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/faulty"
)

// reads are the methods that commit nothing and ask nobody: they have no point.
var reads = []string{
	"Account.Get", "Account.Stats", "Account.Activity", "Account.Audit", "APIKeys.List", "Sessions.List", "Instance.Get", "Sources.List", "Sources.Active", "Destinations.List", "Destinations.Get",
	"Tags.List", "MintedLinks.Find", "MintedLinks.Get", "Inbox.Newest", "Inbox.Dead", "Offers.Get", "Offers.ByInbox", "Offers.Near",
	"Offers.List", "Deliveries.Get", "Deliveries.Ready", "Deliveries.Sent", "Deliveries.SentTally", "Deliveries.Unproven", "Lane.History",
	"Directory.TenantByEmail", "Directory.TenantByWebhook", "Directory.TenantByInstanceName", "Directory.TenantByAPIKey", "Directory.Unchecked",
	"Queue.Unhosted", "Queue.Called", "Hosting.Calls", "Queue.Backlog", "Queue.Unsettled", "Queue.Ledger",
	"FullGateway.Capabilities", "FullGateway.Authenticate", "FullGateway.Decode",
}

// nothing answers every call of a port, so that only the decorators are under test.
type (
	noRepository struct{ repository.Repository }
	noTenant     struct{ repository.Tenant }
	noGateway    struct{ faulty.FullGateway }
	noBus        struct {
		bus.Publisher
		bus.Subscriber
	}
)

func (noRepository) Tenant(core.TenantID) repository.Tenant { return noTenant{} }
func (noRepository) Directory() repository.Directory        { return nil }
func (noRepository) Queue() repository.Queue                { return nil }
func (noTenant) Account() repository.Account                { return nil }
func (noTenant) Instance() repository.Instance              { return nil }
func (noTenant) Sources() repository.Sources                { return nil }
func (noTenant) Destinations() repository.Destinations      { return nil }
func (noTenant) Tags() repository.Tags                      { return nil }
func (noTenant) MintedLinks() repository.MintedLinks        { return nil }
func (noTenant) APIKeys() repository.APIKeys                { return nil }
func (noTenant) Sessions() repository.Sessions              { return nil }
func (noTenant) Inbox() repository.Inbox                    { return nil }
func (noTenant) Offers() repository.Offers                  { return nil }
func (noTenant) Deliveries() repository.Deliveries          { return nil }
func (noTenant) Lane() repository.Lane                      { return nil }
func (noTenant) Hosting() repository.Hosting                { return nil }

var errTripped = errors.New("tripped")

// TestEveryCallHasItsPoint walks the ports: a method that is neither decorated nor listed as
// a read fails, and so does a point that no call reaches.
func TestEveryCallHasItsPoint(t *testing.T) {
	reached := map[string]bool{}
	trip := func(_ context.Context, point string) error {
		reached[point] = true
		return errTripped // so that what is decorated is never called
	}
	repo := faulty.Repository(noRepository{}, trip)
	tenant := repo.Tenant("t")
	for _, port := range []struct {
		name string
		of   reflect.Type
		the  any
	}{
		{"Directory", reflect.TypeFor[repository.Directory](), repo.Directory()},
		{"Queue", reflect.TypeFor[repository.Queue](), repo.Queue()},
		{"Account", reflect.TypeFor[repository.Account](), tenant.Account()},
		{"Instance", reflect.TypeFor[repository.Instance](), tenant.Instance()},
		{"Sources", reflect.TypeFor[repository.Sources](), tenant.Sources()},
		{"Destinations", reflect.TypeFor[repository.Destinations](), tenant.Destinations()},
		{"Tags", reflect.TypeFor[repository.Tags](), tenant.Tags()},
		{"MintedLinks", reflect.TypeFor[repository.MintedLinks](), tenant.MintedLinks()},
		{"APIKeys", reflect.TypeFor[repository.APIKeys](), tenant.APIKeys()},
		{"Sessions", reflect.TypeFor[repository.Sessions](), tenant.Sessions()},
		{"Inbox", reflect.TypeFor[repository.Inbox](), tenant.Inbox()},
		{"Offers", reflect.TypeFor[repository.Offers](), tenant.Offers()},
		{"Deliveries", reflect.TypeFor[repository.Deliveries](), tenant.Deliveries()},
		{"Lane", reflect.TypeFor[repository.Lane](), tenant.Lane()},
		{"Hosting", reflect.TypeFor[repository.Hosting](), tenant.Hosting()},
		{"FullGateway", reflect.TypeFor[faulty.FullGateway](), faulty.Gateway(noGateway{}, trip)},
		{"Publisher", reflect.TypeFor[bus.Publisher](), faulty.Publisher(noBus{}, trip)},
	} {
		for i := range port.of.NumMethod() {
			method := port.of.Method(i)
			if slices.Contains(reads, port.name+"."+method.Name) {
				continue
			}
			if err := call(reflect.ValueOf(port.the).MethodByName(method.Name)); !errors.Is(err, errTripped) {
				t.Errorf("%s.%s has no point: %v", port.name, method.Name, err)
			}
		}
	}
	handled := faulty.Subscriber(once{}, trip).Subscribe(t.Context(), "topic", func(context.Context, bus.Message) error { return nil })
	if !errors.Is(handled, errTripped) {
		t.Errorf("handlers have no point: %v", handled)
	}
	for _, point := range faulty.Points() {
		if name, before := strings.CutSuffix(point, ".before"); before && !reached[point] {
			t.Errorf("no call reaches %s", name)
		}
	}
	if len(reached) != len(faulty.Points())/2 {
		t.Errorf("%d points reached, %d listed", len(reached), len(faulty.Points())/2)
	}
}

// call calls a method with zero values; a panic says that the call went through.
func call(method reflect.Value) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the call went through")
		}
	}()
	in := []reflect.Value{reflect.ValueOf(context.Background())}
	for i := 1; i < method.Type().NumIn(); i++ {
		if method.Type().IsVariadic() && i == method.Type().NumIn()-1 {
			break
		}
		in = append(in, reflect.Zero(method.Type().In(i)))
	}
	out := method.Call(in)
	err, _ = out[len(out)-1].Interface().(error)
	return err
}

// once hands over one message.
type once struct{ bus.Subscriber }

func (once) Subscribe(ctx context.Context, _ string, handle func(context.Context, bus.Message) error) error {
	return handle(ctx, bus.Message{ID: "1"})
}

func TestAfterPointsComeAfterTheEffect(t *testing.T) {
	var order []string
	p := faulty.Publisher(recorder{&order}, func(_ context.Context, point string) error {
		order = append(order, point)
		return nil
	})
	if err := p.Publish(t.Context(), "topic"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"bus.publish.before", "published", "bus.publish.after"}; !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
}

type recorder struct{ order *[]string }

func (r recorder) Publish(context.Context, string, ...bus.Message) error {
	*r.order = append(*r.order, "published")
	return nil
}

var _ gateway.Gateway = noGateway{}
