// Baseline of the start-up benchmark: a controller-runtime manager with its defaults (unstructured cache, 10 workers) that lists and
// reconciles the same objects and does nothing else: it speaks to no cloud and writes no status. Prints one line of JSON when every
// object was reconciled, then waits to be told to end.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

var started = time.Now()

type reconciler struct {
	client.Client
	want int64
	seen sync.Map
	done atomic.Int64
}

func (r *reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	user := newUser()
	if err := r.Get(ctx, request.NamespacedName, user); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if _, known := r.seen.LoadOrStore(request.NamespacedName, struct{}{}); !known && r.done.Add(1) == r.want {
		fmt.Printf("{\"reconciled\": %d, \"seconds\": %.3f}\n", r.want, time.Since(started).Seconds())
	}
	return reconcile.Result{RequeueAfter: 10 * time.Minute}, nil
}

func newUser() *unstructured.Unstructured {
	user := &unstructured.Unstructured{}
	user.SetGroupVersionKind(schema.GroupVersionKind{Group: "connectsso.dev", Version: "v1alpha1", Kind: "ConnectUser"})
	return user
}

func main() {
	kubeconfig := flag.String("cluster", "", "kubeconfig")
	want := flag.Int64("objects", 0, "how many are reconciled when it is done")
	flag.Parse()
	log.SetLogger(zap.New(zap.WriteTo(os.Stderr)))
	if err := run(*kubeconfig, *want); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig string, want int64) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        runtime.NewScheme(),
		Metrics:                       metricsserver.Options{BindAddress: "127.0.0.1:0"},
		Client:                        client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		LeaderElection:                true,
		LeaderElectionID:              "baseline",
		LeaderElectionNamespace:       "default",
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	err = ctrl.NewControllerManagedBy(manager).
		Named("connectuser").
		For(newUser()).
		WithOptions(controller.Options{MaxConcurrentReconciles: 10}).
		Complete(&reconciler{Client: manager.GetClient(), want: want})
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
