// A gNMI server for weft's tests. The server, its cache and its subscriptions are openconfig's own (github.com/openconfig/gnmi); this file only
// feeds it from a text file, which is read again whenever it changes:
//
//	interfaces/interface[name=Ethernet1]/state/counters/in-octets uint 1000
//	interfaces/interface[name=Ethernet1]/state/oper-status string UP
//	COUNTERS/Ethernet0 json {"SAI_PORT_STAT_IF_IN_OCTETS": "1000"}
//
// Usage: gnmi-server TARGET FILE [CERT KEY]. It listens on a free port of 127.0.0.1 and prints HOST:PORT. A line that is gone from the file is
// deleted from the cache. Every value is sent again each 200 ms with a new timestamp, as a target sends samples; a line "silent" stops that.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/openconfig/gnmi/cache"
	pb "github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/gnmi/subscribe"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

const period = 200 * time.Millisecond

func main() {
	if len(os.Args) != 3 && len(os.Args) != 5 {
		log.Fatal("usage: gnmi-server TARGET FILE [CERT KEY]")
	}
	target, file := os.Args[1], os.Args[2]
	var options []grpc.ServerOption
	if len(os.Args) == 5 {
		tls, err := credentials.NewServerTLSFromFile(os.Args[3], os.Args[4])
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(tls))
	}
	// Without it a value that has not changed would not be sent again.
	values := cache.New([]string{target}, cache.DisableEventDrivenEmulation())
	service, err := subscribe.NewServer(values)
	if err != nil {
		log.Fatal(err)
	}
	values.SetClient(service.Update)
	server := grpc.NewServer(options...)
	pb.RegisterGNMIServer(server, service)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go feed(values.GetTarget(target), target, file)
	fmt.Println(listener.Addr())
	log.Fatal(server.Serve(listener))
}

func feed(into *cache.Target, target, file string) {
	told := map[string]*pb.Path{}
	for ; ; time.Sleep(period) {
		text, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		if strings.Contains(string(text), "silent") {
			continue
		}
		notification := &pb.Notification{Timestamp: time.Now().UnixNano(), Prefix: &pb.Path{Target: target}}
		here := map[string]*pb.Path{}
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			words := strings.SplitN(line, " ", 3)
			if len(words) != 3 {
				log.Fatalf("not PATH KIND VALUE: %q", line)
			}
			path := parse(words[0])
			here[words[0]] = path
			notification.Update = append(notification.Update, &pb.Update{Path: path, Val: typed(words[1], words[2])})
		}
		for text, path := range told {
			if here[text] == nil {
				notification.Delete = append(notification.Delete, path)
			}
		}
		told = here
		if err := into.GnmiUpdate(notification); err != nil {
			log.Print(err)
		}
		into.Sync()
	}
}

// Reads a path whose keys hold no slash.
func parse(text string) *pb.Path {
	path := &pb.Path{}
	for _, part := range strings.Split(text, "/") {
		elem := &pb.PathElem{}
		name, keys, _ := strings.Cut(part, "[")
		elem.Name = name
		if keys != "" {
			key, value, _ := strings.Cut(strings.TrimSuffix(keys, "]"), "=")
			elem.Key = map[string]string{key: value}
		}
		path.Elem = append(path.Elem, elem)
	}
	return path
}

func typed(kind, text string) *pb.TypedValue {
	switch kind {
	case "uint":
		value, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			log.Fatal(err)
		}
		return &pb.TypedValue{Value: &pb.TypedValue_UintVal{UintVal: value}}
	case "json":
		return &pb.TypedValue{Value: &pb.TypedValue_JsonIetfVal{JsonIetfVal: []byte(text)}}
	default:
		return &pb.TypedValue{Value: &pb.TypedValue_StringVal{StringVal: text}}
	}
}
