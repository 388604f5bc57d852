package fakewhatsapp_test

import (
	"context"
	"fmt"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func Example() {
	world := fakewhatsapp.New(fakewhatsapp.Options{})
	ana, err := world.AddPhone("5511900000001", "Ana")
	if err != nil {
		fmt.Println(err)
		return
	}
	bia, err := world.AddPhone("5511900000002", "Bia")
	if err != nil {
		fmt.Println(err)
		return
	}
	offers, err := world.AddGroup(fakewhatsapp.GroupSpec{
		JID:     "120363000000000001@g.us",
		Subject: "Ofertas",
		Members: []*fakewhatsapp.Phone{ana, bia},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// Bia links a device. It sees what Ana writes, and answers as Bia.
	device, err := bia.Link("desk")
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := ana.PostText(offers.JID(), "Fone por R$ 99"); err != nil {
		fmt.Println(err)
		return
	}
	event, err := device.Next(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("seen:", event.Kind, event.Post.Text)
	if _, err := device.Post(offers.JID(), fakewhatsapp.Message{Text: "Comprei!"}); err != nil {
		fmt.Println(err)
		return
	}

	for _, post := range world.PostedIn(offers.JID()) {
		fmt.Printf("%d %s via %q: %s\n", post.Seq, world.Phone(post.Author).Name(), post.Via, post.Text)
	}
	// Output:
	// seen: posted Fone por R$ 99
	// 1 Ana via "": Fone por R$ 99
	// 2 Bia via "desk": Comprei!
}
