package services_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/autopromo-cloud/autopromo/testkit/services"
)

func ExampleStartRedis() {
	redis, err := services.StartRedis(context.Background(), services.RedisOptions{})
	if errors.Is(err, services.ErrMissing) {
		return // skip the test
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer redis.Stop()
	_ = redis.URL() // for the client under test
}
