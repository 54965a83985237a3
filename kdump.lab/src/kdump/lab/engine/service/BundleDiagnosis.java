// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import kdump.lab.api.BundleState;
import kdump.lab.api.BundleState.State;
import kdump.lab.api.LabException;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.wiring.BundleRevision;

/**
 * Tells what is in force, and why something is not: by what bundles offer, then by what their
 * components wait for, then by what the bundles themselves lack. One thread.
 */
final class BundleDiagnosis {

    /** What strangers compile against, and nothing else of the lab. */
    private static final String API = "iommu.api.";

    private final Registry registry;
    private final BundleContext context;
    private final ComponentStates components;
    private final LoadFolder load;
    private final List<BundleState> found = new ArrayList<>();
    /** Bundles that offer something of a kind: of these nothing else is told. */
    private final Set<String> offering = new HashSet<>();
    private final Map<String, String> kinds = new HashMap<>();

    BundleDiagnosis(Registry registry, BundleContext context, ComponentStates components,
            LoadFolder load) {
        this.registry = registry;
        this.context = context;
        this.components = components;
        this.load = load;
    }

    /** Returns all, by kind, then by name; of one name the one in force comes first. */
    List<BundleState> all() {
        try (Holding holding = registry.hold()) {
            policies(holding);
            registry.others().forEach(board -> services(board, holding));
        }
        List<Bundle> bundles = List.of(context.getBundles());
        for (Bundle bundle : bundles) {
            if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) == null) {
                bundle(bundle, bundles);
            }
        }
        load.broken(bundles).forEach((file, reason) -> found.add(
                new BundleState("bundle", file, file, "", State.BROKEN, reason)));
        found.sort(Comparator.comparing(BundleState::kind).thenComparing(BundleState::name)
                .thenComparing(BundleState::state));
        return List.copyOf(found);
    }

    // ---- services -------------------------------------------------------------------------------

    private void policies(Holding holding) {
        var inForce = new HashMap<String, Offer<?>>();
        for (PolicyHandle policy : registry.policies()) {
            offer(policy.offer(), policy.name(), holding, inForce);
        }
        kinds.put("iommu.api.kdump.HandoverPolicy", "policy");
    }

    private <T> void services(Whiteboard<T> board, Holding holding) {
        var inForce = new HashMap<String, Offer<?>>();
        for (Offer<T> offer : board.ranked()) {
            kinds.put(offer.type(), board.kind());
            try {
                String name = holding.guard(() -> {
                    T service = holding.hold(offer);
                    return service == null || !board.shadows() ? null : board.name(service);
                });
                offer(offer, name == null ? offer.component() : name, holding,
                        board.shadows() ? inForce : new HashMap<>());
            } catch (LabException e) {
                broken(offer, offer.component(), e);
            }
        }
    }

    private void broken(Offer<?> offer, String name, LabException why) {
        offering.add(offer.bundle() + " " + offer.kind());
        found.add(new BundleState(offer.kind(), name, offer.bundle(), offer.version().toString(),
                State.BROKEN, why.getMessage()));
    }

    private void offer(Offer<?> offer, String name, Holding holding,
            Map<String, Offer<?>> inForce) {
        try {
            if (holding.guard(() -> holding.hold(offer)) == null) {
                return; // its component tells why
            }
        } catch (LabException e) {
            broken(offer, name, e);
            return;
        }
        offering.add(offer.bundle() + " " + offer.kind());
        Offer<?> better = inForce.putIfAbsent(name, offer);
        found.add(new BundleState(offer.kind(), name, offer.bundle(), offer.version().toString(),
                better == null ? State.IN_FORCE : State.SHADOWED, better == null ? ""
                        : "by " + better.provider() + ", " + offer.worse(better)));
    }

    // ---- bundles --------------------------------------------------------------------------------

    private void bundle(Bundle bundle, List<Bundle> all) {
        int state = bundle.getState();
        boolean isOurs = load.holds(bundle) || importsApi(bundle);
        if (state == Bundle.ACTIVE || state == Bundle.STARTING) {
            boolean told = components(bundle);
            if (!told && load.holds(bundle) && !offersAnything(bundle)) {
                add(bundle, State.IDLE, "it offers no service: it has no component");
            }
        } else if (isOurs && state == Bundle.INSTALLED) {
            List<String> lacks = new UnresolvedBundle(bundle, all).lacks();
            add(bundle, State.UNRESOLVED, lacks.isEmpty() ? "all that it needs is here, but it"
                    + " does not resolve: what it imports contradicts itself"
                    : String.join("; ", lacks));
        } else if (isOurs) {
            add(bundle, State.STOPPED, "it is not started");
        }
    }

    private boolean components(Bundle bundle) {
        boolean told = false;
        for (ComponentStates.Idle idle : components.of(bundle)) {
            Set<String> would = idle.services().stream().filter(type -> type.startsWith(API))
                    .map(type -> kinds.getOrDefault(type, "service")).collect(Collectors.toSet());
            would.removeIf(kind -> idle.state() == State.WAITING
                    && offering.contains(bundle.getSymbolicName() + " " + kind));
            for (String kind : would) {
                String name = idle.name().substring(idle.name().lastIndexOf('.') + 1);
                found.add(new BundleState(kind, name, bundle.getSymbolicName(),
                        bundle.getVersion().toString(), idle.state(), idle.reason()));
                told = true;
            }
        }
        return told;
    }

    private static boolean offersAnything(Bundle bundle) {
        return bundle.getRegisteredServices() != null;
    }

    private static boolean importsApi(Bundle bundle) {
        BundleRevision revision = bundle.adapt(BundleRevision.class);
        return revision != null && revision.getDeclaredRequirements("osgi.wiring.package").stream()
                .anyMatch(need -> need.getDirectives().getOrDefault("filter", "")
                        .contains("(osgi.wiring.package=" + API));
    }

    private void add(Bundle bundle, State state, String reason) {
        found.add(new BundleState("bundle", bundle.getSymbolicName() == null
                ? bundle.getLocation() : bundle.getSymbolicName(),
                String.valueOf(bundle.getSymbolicName()), bundle.getVersion().toString(), state,
                reason));
    }
}
