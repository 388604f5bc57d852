package endpoint

import (
	"errors"
	"fmt"
	"slices"

	"go.mau.fi/whatsmeow/types"
)

// handle answers one stanza of a client.
func (c *conn) handle(n *node) error {
	switch n.Tag {
	case "iq":
		return c.query(n)
	case "message":
		if c.device != nil {
			return c.server.message(c, n)
		}
	case "receipt":
		if c.device != nil {
			c.server.acknowledged(c.device, "message", text(n.Attrs["id"]), text(n.Attrs["type"]))
		}
	case "ack":
		if c.device != nil {
			c.server.acknowledged(c.device, text(n.Attrs["class"]), text(n.Attrs["id"]), "")
		}
	}
	return nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func content(n node) []byte {
	b, _ := n.Content.([]byte)
	return b
}

// child is the first child of a stanza, empty when there is none.
func child(n *node) node {
	if children := n.GetChildren(); len(children) > 0 {
		return children[0]
	}
	return node{}
}

// answer makes the result of a query.
func answer(n *node, children ...node) node {
	from := n.Attrs["to"]
	if from == nil {
		from = types.ServerJID
	}
	a := node{Tag: "iq", Attrs: attrs{"from": from, "type": "result", "id": n.Attrs["id"]}}
	if len(children) > 0 {
		a.Content = children
	}
	return a
}

func refusal(n *node, code int, what string) node {
	a := answer(n, node{Tag: "error", Attrs: attrs{"code": fmt.Sprint(code), "text": what}})
	a.Attrs["type"] = "error"
	return a
}

// query answers an info query. What is not known here is granted without content, which
// the client takes for the many settings it sends.
func (c *conn) query(n *node) error {
	s, first := c.server, child(n)
	if text(n.Attrs["type"]) == "result" { // of a query of ours
		if first.Tag == "pair-device-sign" {
			return c.paired(&first)
		}
		return nil
	}
	if first.Tag == "link_code_companion_reg" {
		return c.linkCode(n, &first)
	}
	if c.device == nil {
		return c.send(answer(n))
	}
	switch n.Attrs["xmlns"].(string) + " " + first.Tag {
	case "encrypt count":
		return c.send(answer(n, node{Tag: "count", Attrs: attrs{"value": fmt.Sprint(s.preKeys(c.device))}}))
	case "encrypt registration":
		s.takeKeys(c.device, n)
	case "encrypt key":
		return c.send(answer(n, s.bundles(&first)))
	case "w:g2 participating":
		return c.send(answer(n, s.groupList(c.device)))
	case "w:g2 query":
		return c.send(s.groupQuery(c.device, n))
	case "w:m media_conn":
		return c.send(answer(n, node{
			Tag:     "media_conn",
			Attrs:   attrs{"auth": "token", "ttl": "300", "auth_ttl": "300", "max_buckets": "12"},
			Content: []node{{Tag: "host", Attrs: attrs{"hostname": mediaHost}}},
		}))
	case "usync usync":
		return c.send(answer(n, s.devicesOf(&first)))
	case "passive active":
		if err := c.send(answer(n)); err != nil {
			return err
		}
		return s.activate(c)
	case "md remove-companion-device":
		s.remove(c.device) // first: what is confirmed is so
		return errors.Join(c.send(answer(n)), errEnded)
	}
	return c.send(answer(n))
}

// devicesOf answers which devices people have: their phone, as far as this endpoint tells.
func (s *Server) devicesOf(usync *node) node {
	list := usync.GetChildByTag("list")
	var users []node
	for _, u := range list.GetChildren() {
		users = append(users, node{Tag: "user", Attrs: attrs{"jid": u.Attrs["jid"]}, Content: []node{{
			Tag: "devices", Content: []node{{
				Tag: "device-list", Content: []node{{Tag: "device", Attrs: attrs{"id": "0"}}},
			}},
		}}})
	}
	return node{Tag: "usync", Attrs: usync.Attrs, Content: []node{{Tag: "list", Content: users}}}
}

// stanza is one that waits until the device acknowledged it.
type stanza struct {
	class, id string
	node      node
}

// enqueue keeps a stanza for a device and sends it when the device is there.
func (s *Server) enqueue(d *device, st stanza) {
	d.sending.Lock()
	defer d.sending.Unlock()
	s.mu.Lock()
	d.queue = append(d.queue, st)
	c := d.conn
	active := c != nil && c.active
	s.touchLocked()
	s.mu.Unlock()
	if active {
		_ = c.send(st.node) // if it is lost, it comes again when the device connects
	}
}

// activate hands over what waited, in order, and from then on what comes.
func (s *Server) activate(c *conn) error {
	d := c.device
	d.sending.Lock()
	defer d.sending.Unlock()
	s.mu.Lock()
	c.active = true
	waiting := slices.Clone(d.queue)
	s.touchLocked()
	s.mu.Unlock()
	for _, st := range waiting {
		n := st.node
		n.Attrs = attrs{"offline": "0"}
		for k, v := range st.node.Attrs {
			n.Attrs[k] = v
		}
		if err := c.send(n); err != nil {
			return err
		}
	}
	return c.send(node{Tag: "ib", Attrs: attrs{"from": types.ServerJID}, Content: []node{
		{Tag: "offline", Attrs: attrs{"count": fmt.Sprint(len(waiting))}},
	}})
}

// acknowledged forgets a stanza of a device's queue. A receipt of type "retry" says that
// the device could not read the message, and acknowledges nothing.
func (s *Server) acknowledged(d *device, class, id, kind string) {
	if kind == "retry" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.queue = slices.DeleteFunc(d.queue, func(st stanza) bool { return st.class == class && st.id == id })
	s.touchLocked()
}
