// SPDX-License-Identifier: BSD-3-Clause

// Go's redigo: a pool under concurrency, pipelines, transactions, scripts, subscriptions.
package main

import (
	"fmt"
	"os"
	"sync"

	"github.com/gomodule/redigo/redis"
)

func check(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func expect(what string, is bool) {
	if !is {
		check(what, fmt.Errorf("is not as expected"))
	}
}

func main() {
	pool := &redis.Pool{MaxActive: 20, MaxIdle: 20, Wait: true, Dial: func() (redis.Conn, error) {
		return redis.Dial("tcp", "127.0.0.1:"+os.Args[1], redis.DialDatabase(7))
	}}
	c := pool.Get()
	_, err := c.Do("FLUSHDB")
	check("flushdb", err)

	var all sync.WaitGroup
	for i := 0; i < 50; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			mine := pool.Get()
			defer mine.Close()
			for j := 0; j < 100; j++ {
				_, err := mine.Do("INCR", "n")
				check("incr", err)
			}
		}()
	}
	all.Wait()
	n, err := redis.Int(c.Do("GET", "n"))
	check("get", err)
	expect("5000 increments", n == 5000)

	for i := 0; i < 100; i++ {
		check("send", c.Send("HSET", "h", i, i*i))
	}
	check("flush", c.Flush())
	for i := 0; i < 100; i++ {
		_, err := c.Receive()
		check("receive", err)
	}
	h, err := redis.IntMap(c.Do("HGETALL", "h"))
	check("hgetall", err)
	expect("a square", h["9"] == 81)

	check("multi", c.Send("MULTI"))
	check("incr", c.Send("INCR", "t"))
	check("incr", c.Send("INCR", "t"))
	t, err := redis.Ints(c.Do("EXEC"))
	check("exec", err)
	expect("two results", len(t) == 2 && t[1] == 2)

	script := redis.NewScript(1, "return redis.call('append', KEYS[1], ARGV[1])")
	length, err := redis.Int(script.Do(c, "a", "four"))
	check("script", err)
	expect("its result", length == 4)

	_, err = c.Do("LPUSH", "a", "x")
	expect("a list command on a string is refused", err != nil)

	messages := redis.PubSubConn{Conn: pool.Get()}
	check("subscribe", messages.Subscribe("news"))
	_, isSubscription := messages.Receive().(redis.Subscription)
	expect("a subscription", isSubscription)
	_, err = c.Do("PUBLISH", "news", "hello")
	check("publish", err)
	message, isMessage := messages.Receive().(redis.Message)
	expect("a message", isMessage && string(message.Data) == "hello")
	messages.Close()
	_, err = c.Do("FLUSHDB")
	check("flushdb", err)
	fmt.Println("ok")
}
