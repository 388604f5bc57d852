package main

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

func (s *stage) redisDo(ctx context.Context, args ...any) error {
	client := redis.NewClient(&redis.Options{Addr: s.fleet.redis.Addr()})
	defer client.Close()
	return client.Do(ctx, args...).Err()
}

func redisKilled(appendOnly string) func(context.Context, *stage, *result) error {
	return func(ctx context.Context, s *stage, _ *result) error {
		if err := s.redisDo(ctx, "CONFIG", "SET", "appendonly", appendOnly); err != nil {
			return err
		}
		return s.underLoad(ctx, 400, func() error {
			for range 4 {
				pause(ctx, 500*time.Millisecond)
				if err := s.fleet.redis.Kill(); err != nil {
					return err
				}
				s.fleet.kills++
				if err := s.fleet.redis.Restart(ctx); err != nil {
					return err
				}
				if err := s.redisDo(ctx, "CONFIG", "SET", "appendonly", appendOnly); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func redisFlushed(ctx context.Context, s *stage, _ *result) error {
	return s.underLoad(ctx, 300, func() error {
		for range 6 {
			pause(ctx, 400*time.Millisecond)
			if err := s.redisDo(ctx, "FLUSHALL"); err != nil {
				return err
			}
			s.fleet.kills++
		}
		return nil
	})
}

func redisAway(ctx context.Context, s *stage, _ *result) error {
	return s.underLoad(ctx, 300, func() error {
		if err := s.fleet.redis.Kill(); err != nil {
			return err
		}
		s.fleet.kills++
		pause(ctx, 5*time.Second)
		return s.fleet.redis.Restart(ctx)
	})
}

func postgresKilled(ctx context.Context, s *stage, _ *result) error {
	return s.underLoad(ctx, 400, func() error {
		for range 4 {
			pause(ctx, 700*time.Millisecond)
			if err := s.fleet.postgres.Kill(); err != nil {
				return err
			}
			s.fleet.kills++
			if err := s.fleet.postgres.Restart(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
