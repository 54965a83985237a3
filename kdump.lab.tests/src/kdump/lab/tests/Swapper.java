// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;

/**
 * Swaps bundles of strangers, one of each kind of service: updates, stops and starts, uninstalls
 * and installs them, and has them refreshed. It remembers the class loader of each revision,
 * weakly. One thread.
 */
final class Swapper {
    private static final long REFRESH_SECONDS = 60;

    /** Bundles of one kind, two versions of each; both always offer the same. */
    private record Kind(String name, byte[] first, byte[] second) {
        static Kind of(String jar, String name) throws IOException {
            return new Kind(name, new Repackaged(jar, "soak." + name, "1.0.0", 50).bytes(),
                    new Repackaged(jar, "soak." + name, "2.0.0", 50).bytes());
        }
    }

    /** A loader that should be collected once its revision is gone. */
    private record Loader(String revision, WeakReference<ClassLoader> reference) { }

    private final BundleContext context;
    private final Random random;
    private final List<Kind> kinds;
    private final List<Loader> loaders = new ArrayList<>();

    /** Installs and starts a bundle of each kind; the policy is called as is said. */
    Swapper(BundleContext context, Random random, String policy) throws Exception {
        this.context = context;
        this.random = random;
        kinds = List.of(
                new Kind("policy", new Stranger("soak.policy", "1.0.0", policy, 50).bytes(),
                        new Stranger("soak.policy", "2.0.0", policy, 50).bytes()),
                Kind.of("iommu.vtd/generated/iommu.vtd.jar", "vendor"),
                Kind.of("devices.pcie/generated/devices.pcie.nvme.jar", "model"),
                Kind.of("kdump.importers/generated/kdump.importers.jar", "importer"));
        for (Kind kind : kinds) {
            install(kind);
        }
    }

    private byte[] bytes(Kind kind) {
        return random.nextBoolean() ? kind.first : kind.second;
    }

    private Bundle bundle(Kind kind) {
        return context.getBundle("soak:" + kind.name);
    }

    private void install(Kind kind) throws BundleException {
        Bundle bundle = context.installBundle("soak:" + kind.name,
                new ByteArrayInputStream(bytes(kind)));
        bundle.start();
        remember(bundle);
    }

    private void remember(Bundle bundle) {
        ClassLoader loader = bundle.adapt(BundleWiring.class).getClassLoader();
        loaders.add(new Loader(bundle.toString(), new WeakReference<>(loader)));
    }

    /** Swaps one bundle in one way, at random. */
    void swap() throws Exception {
        Kind kind = kinds.get(random.nextInt(kinds.size()));
        Bundle bundle = bundle(kind);
        switch (random.nextInt(4)) {
            case 0 -> {
                bundle.update(new ByteArrayInputStream(bytes(kind)));
                remember(bundle);
            }
            case 1 -> {
                bundle.stop();
                bundle.start();
            }
            case 2 -> {
                bundle.uninstall();
                install(kind);
            }
            default -> {
                refresh(List.of(bundle));
                remember(bundle);
            }
        }
    }

    private void refresh(List<Bundle> bundles) throws InterruptedException {
        var refreshed = new CountDownLatch(1);
        context.getBundle(0).adapt(FrameworkWiring.class).refreshBundles(bundles,
                event -> refreshed.countDown());
        if (!refreshed.await(REFRESH_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("no refresh of " + bundles + " within "
                    + REFRESH_SECONDS + " s");
        }
    }

    /** Takes all of them away. */
    void uninstall() throws Exception {
        for (Kind kind : kinds) {
            Bundle bundle = bundle(kind);
            if (bundle != null) {
                bundle.uninstall();
            }
        }
        refresh(null);
    }

    /** Returns the revisions whose class loader is there still. */
    List<String> loadersLeft() {
        for (Iterator<Loader> all = loaders.iterator(); all.hasNext();) {
            if (all.next().reference.get() == null) {
                all.remove();
            }
        }
        return loaders.stream().map(Loader::revision).toList();
    }
}
