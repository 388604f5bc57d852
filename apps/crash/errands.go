package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/autopromo-cloud/autopromo/apps/internal/rest"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// errand is what a customer does beside the messages: it is done again, as a person would,
// until it has taken effect.
type errand struct {
	role, point string
	do          func(context.Context, *stage, *customer) error
	// done says whether it has taken effect, as far as the customer and the provider can see.
	done func(context.Context, *stage, *customer) (bool, error)
}

// errands are in the order in which a new customer comes to them.
var errands = []errand{
	{"api", "directory.create_tenant", signUp, signedUp},
	{"api", "sessions.begin", logIn, hasSeveral("/account/sessions")},
	{"api", "sessions.end_others", remove("/account/sessions"), has("/account/sessions", 1)},
	{"api", "api_keys.create", makeKey, has("/account/api-keys", 1)},
	{"api", "api_keys.delete", removeKeys, has("/account/api-keys", 0)},
	{"api", "instance.create", connect, connected},
	{"api", "gateway.provision", connect, connected},
	{"api", "gateway.connect", connect, connected},
	{"api", "instance.update", connect, connected},
	{"api", "lane.wake", connect, connected},
	{"api", "gateway.delete", remove("/whatsapp/disconnect"), disconnected},
	{"api", "gateway.status", connect, connected},
	{"api", "gateway.groups", discover, discovered},
	{"api", "sources.discovered", discover, discovered},
	{"api", "sources.update", changing("/groups/source", "label", "Achados"), changed("/groups/source", "label", "Achados")},
	{"api", "destinations.create", addGroups, haveGroups},
	{"api", "destinations.update", changing("/groups/destination", "label", "Ofertas"), changed("/groups/destination", "label", "Ofertas")},
	{"api", "tags.create", addTag("outra-20"), haveTag("outra-20")},
	{"api", "tags.delete", removeTag, haveTag("")},
	{"api", "account.save_settings", setMaxAge(77), haveMaxAge(77)},
	{"worker", "inbox.finish", smallTalk, always},
	{"api", "inbox.edit", edit, edited},
	{"api", "inbox.revoke", revoke, always}, // the provider repeats it until it is taken
}

// killAtErrands kills the program at each errand of new customers, before it is stored and
// after. In the end they are customers as all the others.
func killAtErrands(ctx context.Context, s *stage, r *result) error {
	missed := 0
	for n, when := range []string{"before", "after"} {
		c, err := s.stranger(fmt.Sprintf("novo%d", n))
		if err != nil {
			return err
		}
		for _, e := range errands {
			died, err := s.interrupt(ctx, c, e, when)
			if err != nil {
				return fmt.Errorf("%s.%s: %w", e.point, when, err)
			}
			if !died {
				missed++
				r.Note += " " + e.point + "." + when
			}
		}
		if err := addTag(c.tag())(ctx, s, c); err != nil {
			return err
		}
		s.customers = append(s.customers, c)
	}
	if missed > 0 {
		r.Note = fmt.Sprintf("%d points not reached, killed there all the same:%s", missed, r.Note)
	}
	return s.write(10 * len(s.customers))
}

// interrupt has the errand's process die of it, and the customer do it again.
func (s *stage) interrupt(ctx context.Context, c *customer, e errand, when string) (died bool, err error) {
	victim := s.fleet.with(e.role)[0]
	s.fleet.end(victim, syscall.SIGKILL)
	if err := s.fleet.start(ctx, victim, "FAILPOINT="+e.point+"."+when); err != nil {
		return false, err
	}
	said := e.do(ctx, s, c) // whoever it killed cannot answer
	late := time.NewTimer(3 * time.Second)
	defer late.Stop()
	select {
	case <-s.fleet.running[victim].gone:
		died = true
	case <-late.C:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	s.fleet.kill(victim)
	if err := s.fleet.start(ctx, victim); err != nil {
		return died, err
	}
	return died, until(ctx, e.point+"."+when, func() (bool, error) {
		ok, err := e.done(ctx, s, c)
		if ok {
			return true, nil
		}
		again := e.do(ctx, s, c)
		return false, errors.Join(said, err, again)
	})
}

// stranger is somebody with a phone and groups who has not signed up yet.
func (s *stage) stranger(name string) (c *customer, err error) {
	c = &customer{name: name}
	if c.phone, err = s.world.AddPhone(fmt.Sprintf("55118%08d", len(s.customers)), name); err != nil {
		return nil, err
	}
	if c.source, err = s.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Achados de " + name, Admins: []*fakewhatsapp.Phone{s.ana}}); err != nil {
		return nil, err
	}
	c.source.Add(c.phone)
	for i := range groupsEach {
		g, err := s.world.AddGroup(fakewhatsapp.GroupSpec{Subject: fmt.Sprintf("Ofertas %d de %s", i, name), Admins: []*fakewhatsapp.Phone{c.phone}})
		if err != nil {
			return nil, err
		}
		c.groups = append(c.groups, g)
	}
	return c, nil
}

func always(context.Context, *stage, *customer) (bool, error) { return true, nil }

func signUp(ctx context.Context, s *stage, c *customer) error {
	client, err := rest.Register(ctx, "http://"+s.fleet.address, c.name+"@exemplo.com.br", password, c.name)
	if err == nil {
		c.Client = client
	}
	return err
}

func signedUp(ctx context.Context, s *stage, c *customer) (bool, error) {
	client, err := rest.Login(ctx, "http://"+s.fleet.address, c.name+"@exemplo.com.br", password)
	if err == nil {
		c.Client = client
	}
	return err == nil, err
}

// logIn opens one more session beside the one that goes on being used.
func logIn(ctx context.Context, s *stage, c *customer) error {
	_, err := rest.Login(ctx, "http://"+s.fleet.address, c.name+"@exemplo.com.br", password)
	return err
}

func makeKey(ctx context.Context, _ *stage, c *customer) error {
	return c.Call(ctx, http.MethodPost, "/account/api-keys", map[string]string{"name": "planilha"}, nil)
}

func removeKeys(ctx context.Context, _ *stage, c *customer) error {
	all, err := c.list(ctx, "/account/api-keys")
	for _, one := range all {
		err = errors.Join(err, c.Call(ctx, http.MethodDelete, "/account/api-keys/"+one.ID, nil, nil))
	}
	return err
}

func remove(path string) func(context.Context, *stage, *customer) error {
	return func(ctx context.Context, _ *stage, c *customer) error {
		return c.Call(ctx, http.MethodDelete, path, nil, nil)
	}
}

// has says whether a list has n entries.
func has(path string, n int) func(context.Context, *stage, *customer) (bool, error) {
	return func(ctx context.Context, _ *stage, c *customer) (bool, error) {
		all, err := c.list(ctx, path)
		return err == nil && len(all) == n, err
	}
}

// hasSeveral is has for what is made anew each time somebody tries.
func hasSeveral(path string) func(context.Context, *stage, *customer) (bool, error) {
	return func(ctx context.Context, _ *stage, c *customer) (bool, error) {
		all, err := c.list(ctx, path)
		return len(all) > 1, err
	}
}

// connect is what a person does whose connection hangs: away with it, and once more.
func connect(ctx context.Context, s *stage, c *customer) error {
	_ = c.Call(ctx, http.MethodDelete, "/whatsapp/disconnect", nil, nil) // there may be none
	var made struct {
		Name string `json:"instance_name"`
	}
	if err := c.Call(ctx, http.MethodPost, "/whatsapp/connect", map[string]string{}, &made); err != nil {
		return err
	}
	c.session = made.Name
	return s.evolution.Scan(c.session, c.phone)
}

// connected says whether the session is open, and the only one the provider has of this
// customer: what a kill left behind would go on receiving.
func connected(ctx context.Context, s *stage, c *customer) (bool, error) {
	if status, err := c.status(ctx); err != nil || status != "connected" {
		return false, err
	}
	sessions := s.sessions(c)
	return len(sessions) == 1 && sessions[0] == c.session, fmt.Errorf("sessions at the provider: %q", sessions)
}

func (c *customer) status(ctx context.Context) (string, error) {
	var now struct {
		Status string `json:"status"`
	}
	err := c.Call(ctx, http.MethodGet, "/whatsapp/status", nil, &now)
	return now.Status, err
}

// sessions lists what the provider has of a customer, whose session's name is known by its
// beginning.
func (s *stage) sessions(c *customer) (names []string) {
	const ofTenant = len("autopromo_") + 32
	for _, i := range s.evolution.Instances() {
		if len(c.session) >= ofTenant && strings.HasPrefix(i.Name, c.session[:ofTenant]) {
			names = append(names, i.Name)
		}
	}
	return names
}

func disconnected(ctx context.Context, s *stage, c *customer) (bool, error) {
	status, err := c.status(ctx)
	return status == "disconnected" && len(s.sessions(c)) == 0, err
}

func discover(ctx context.Context, _ *stage, c *customer) error {
	return c.Call(ctx, http.MethodPost, "/whatsapp/discover-groups", nil, nil)
}

// listed is a group or a tag, as the lists show them.
type listed struct {
	ID          string  `json:"id"`
	Source      string  `json:"source_group_id"`
	Destination string  `json:"destination_group_id"`
	Label       *string `json:"label"`
	Code        *string `json:"tag_code"`
}

func (c *customer) list(ctx context.Context, path string) (all []listed, err error) {
	err = c.Call(ctx, http.MethodGet, path, nil, &all)
	return all, err
}

// discovered also switches the source group on, whose discovery left it off.
func discovered(ctx context.Context, _ *stage, c *customer) (bool, error) {
	all, err := c.list(ctx, "/groups/source")
	for _, g := range all {
		if g.Source == string(c.source.JID()) {
			return true, c.Call(ctx, http.MethodPatch, "/groups/source/"+g.ID, map[string]bool{"is_active": true}, nil)
		}
	}
	return false, err
}

func addGroups(ctx context.Context, _ *stage, c *customer) error {
	var errs []error
	for _, g := range c.groups {
		errs = append(errs, c.Call(ctx, http.MethodPost, "/groups/destination", map[string]string{"destination_group_id": string(g.JID())}, nil))
	}
	return errors.Join(errs...)
}

func haveGroups(ctx context.Context, _ *stage, c *customer) (bool, error) {
	all, err := c.list(ctx, "/groups/destination")
	return len(all) == len(c.groups), err
}

func changing(path, field, value string) func(context.Context, *stage, *customer) error {
	return func(ctx context.Context, _ *stage, c *customer) error {
		all, err := c.list(ctx, path)
		for _, one := range all {
			err = errors.Join(err, c.Call(ctx, http.MethodPatch, path+"/"+one.ID, map[string]string{field: value}, nil))
		}
		return err
	}
}

func changed(path, _, label string) func(context.Context, *stage, *customer) (bool, error) {
	return func(ctx context.Context, _ *stage, c *customer) (bool, error) {
		all, err := c.list(ctx, path)
		for _, one := range all {
			if one.Label == nil || *one.Label != label {
				return false, err
			}
		}
		return len(all) > 0, err
	}
}

func addTag(code string) func(context.Context, *stage, *customer) error {
	return func(ctx context.Context, _ *stage, c *customer) error {
		return c.Call(ctx, http.MethodPost, "/affiliate-tags", map[string]string{"store_slug": "amazon", "tag_code": code}, nil)
	}
}

func removeTag(ctx context.Context, _ *stage, c *customer) error {
	all, err := c.list(ctx, "/affiliate-tags")
	for _, one := range all {
		err = errors.Join(err, c.Call(ctx, http.MethodDelete, "/affiliate-tags/"+one.ID, nil, nil))
	}
	return err
}

// haveTag says whether this is the customer's one tag; "" is none at all.
func haveTag(code string) func(context.Context, *stage, *customer) (bool, error) {
	return func(ctx context.Context, _ *stage, c *customer) (bool, error) {
		all, err := c.list(ctx, "/affiliate-tags")
		if code == "" {
			return err == nil && len(all) == 0, err
		}
		return len(all) == 1 && all[0].Code != nil && *all[0].Code == code, err
	}
}

func setMaxAge(minutes int) func(context.Context, *stage, *customer) error {
	return func(ctx context.Context, _ *stage, c *customer) error {
		return c.Call(ctx, http.MethodPatch, "/users/me/config", map[string]int{"max_age_minutes": minutes}, nil)
	}
}

func haveMaxAge(minutes int) func(context.Context, *stage, *customer) (bool, error) {
	return func(ctx context.Context, _ *stage, c *customer) (bool, error) {
		var me struct {
			Config struct {
				MaxAge int `json:"max_age_minutes"`
			} `json:"config_json"`
		}
		err := c.Call(ctx, http.MethodGet, "/users/me", nil, &me)
		return me.Config.MaxAge == minutes, err
	}
}

// smallTalk is what only a worker sees to sell nothing, often enough for each to have some.
func smallTalk(_ context.Context, s *stage, c *customer) error {
	for i := range 12 {
		if _, err := s.ana.PostText(c.source.JID(), fmt.Sprintf("Bom dia %d, grupo! %s", i, invitation)); err != nil {
			return err
		}
	}
	return nil
}

const correction = "\nAinda tem!"

// edit corrects a message of which the first customer's groups have the offer by now.
func edit(ctx context.Context, s *stage, _ *customer) error {
	first := s.customers[0]
	if err := s.writeTo(first); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	post := s.last(first)
	return s.ana.Edit(post, post.Text+correction)
}

func edited(ctx context.Context, s *stage, _ *customer) (bool, error) {
	all, err := s.customers[0].offers(ctx)
	for _, o := range all {
		if strings.HasSuffix(o.RawText, correction) {
			return true, nil
		}
	}
	return false, err
}

// revoke takes back a message that has left: nothing more can come of it.
func revoke(ctx context.Context, s *stage, _ *customer) error {
	first := s.customers[0]
	if err := s.writeTo(first); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	return s.ana.Revoke(s.last(first))
}

// last is Ana's last message in a customer's source group.
func (s *stage) last(c *customer) fakewhatsapp.Post {
	posts := s.world.PostedIn(c.source.JID())
	return posts[len(posts)-1]
}
