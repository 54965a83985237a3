// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.Functions.bridge;
import static devices.pcie.fabric.Functions.endpoint;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.api.sim.RandomStream;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Aliases and gates of random trees of bridges agree with walking up the tree by hand. */
class RandomTreeTest {

    private static final int[] TYPES = {-1, 4, 5, 6, 7, 8};

    /** A bridge or an endpoint, and the bridge above it; null on the root bus. */
    private record Node(int id, int type, int secondary, Node above) {

        boolean takesOwnership() {
            return type == -1 || type == 7 || type == 8;
        }

        int aliasOfThoseBelow() {
            return type == 7 ? secondary << 8 : id;
        }
    }

    private final RecordingUpstream root = new RecordingUpstream();
    private final Map<Integer, DmaPort> ports = new HashMap<>();
    private final List<Node> endpoints = new ArrayList<>();
    private final List<Node> bridges = new ArrayList<>();
    private Fabric fabric;

    private void build(RandomStream random) {
        List<FunctionConfig> functions = new ArrayList<>();
        int buses = 1;
        for (int i = 0; i < 12; i++) {
            Node above = bridges.isEmpty() || random.oneIn(4) ? null
                    : bridges.get(random.nextInt(bridges.size()));
            int bus = above == null ? 0 : above.secondary;
            boolean isBridge = i < 6;
            int id = RequesterId.of(0, bus, i + 1, 0);
            int type = TYPES[random.nextInt(TYPES.length)];
            var node = new Node(id, type, isBridge ? buses++ : 0, above);
            functions.add(isBridge ? bridge(RequesterId.formatShort(id), node.secondary, type)
                    : endpoint(RequesterId.formatShort(id)));
            (isBridge ? bridges : endpoints).add(node);
        }
        widen(functions);
        fabric = new PcieFabricFactory().build(functions, root, (function, dma) -> {
            ports.put(function.requesterId(), dma);
            return null;
        });
    }

    /** A bridge forwards to all buses below it. */
    private void widen(List<FunctionConfig> functions) {
        for (int i = bridges.size() - 1; i >= 0; i--) {
            Node node = bridges.get(i);
            for (Node above = node.above; above != null; above = above.above) {
                byte[] config = functions.get(bridges.indexOf(above)).config();
                config[0x1a] = (byte) Math.max(config[0x1a], node.secondary);
            }
        }
    }

    private static int alias(Node endpoint) {
        int alias = endpoint.id;
        for (Node bridge = endpoint.above; bridge != null; bridge = bridge.above) {
            alias = bridge.takesOwnership() ? bridge.aliasOfThoseBelow() : alias;
        }
        return alias;
    }

    private CompletionStatus read(Node endpoint) {
        return ports.get(endpoint.id).read(0x1000, new byte[4], 0, 4);
    }

    @Seeds(count = 40)
    void theTopmostBridgeThatTakesOwnershipNamesARequest(long seed) {
        build(new RandomStream(seed, "tree"));
        for (Node endpoint : endpoints) {
            root.clear();
            assertThat(read(endpoint)).isEqualTo(CompletionStatus.SUCCESS);
            assertThat(root.requests()).singleElement().satisfies(r -> {
                assertThat(r.function()).isEqualTo(endpoint.id);
                assertThat(RequesterId.format(r.alias()))
                        .isEqualTo(RequesterId.format(alias(endpoint)));
            });
            assertThat(fabric.function(endpoint.id).alias()).isEqualTo(alias(endpoint));
        }
    }

    @Seeds(count = 40)
    void aGateStopsAllBelowItAndNobodyElse(long seed) {
        var random = new RandomStream(seed, "gates");
        build(random);
        Node closed = bridges.get(random.nextInt(bridges.size()));
        boolean byReset = random.oneIn(2);
        fabric.function(closed.id).writeConfig(byReset ? 0x3e : 4, 2, byReset ? 0x40 : 2);
        for (Node endpoint : endpoints) {
            boolean below = false;
            for (Node bridge = endpoint.above; bridge != null; bridge = bridge.above) {
                below |= bridge == closed;
            }
            root.clear();
            assertThat(read(endpoint)).isEqualTo(below ? CompletionStatus.UNSUPPORTED_REQUEST
                    : CompletionStatus.SUCCESS);
            assertThat(root.requests()).extracting(Request::function)
                    .isEqualTo(below ? List.of() : List.of(endpoint.id));
        }
    }
}
