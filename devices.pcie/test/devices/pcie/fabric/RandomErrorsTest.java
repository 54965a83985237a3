// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.PciFunction.InjectedError;
import iommu.api.sim.RandomStream;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.seeds.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Over trees drawn at random: an error comes out where all gates of its way are open and nowhere
 * else, requests leave where no gate is closed and no bus is in reset, and each is answered once.
 */
class RandomErrorsTest {

    private static final int EXPRESS = 0x40;
    private static final int AER = 0x100;
    private static final int ROOT_PORT = 4;
    private static final int POISONED = 12;
    private static final int MALFORMED = 18;

    /** A function and the bridge above it; null on the root bus. */
    private record Node(int id, int type, boolean aer, int secondary, Node above) { }

    /** One enable: bits of a register. */
    private record Gate(int id, int offset, int bits) { }

    private final RecordingUpstream root = new RecordingUpstream();
    private final Map<Integer, DmaPort> dma = new HashMap<>();
    private final Map<Integer, SettableDevice> devices = new HashMap<>();
    private final List<Node> bridges = new ArrayList<>();
    private final List<Node> endpoints = new ArrayList<>();
    private Fabric fabric;

    private void build(RandomStream random) {
        int[] subordinate = new int[8];
        for (int i = 0; i < 10; i++) {
            boolean isBridge = i < 6;
            Node above = bridges.isEmpty() || isBridge && random.oneIn(3) ? null
                    : bridges.get(random.nextInt(bridges.size()));
            int type = !isBridge ? 0 : above == null ? ROOT_PORT
                    : above.type == ROOT_PORT || above.type == 6 ? 5 : 6;
            var node = new Node((above == null ? 0 : above.secondary) << 8 | i + 1 << 3, type,
                    random.oneIn(2), isBridge ? bridges.size() + 1 : 0, above);
            (isBridge ? bridges : endpoints).add(node);
            for (Node b = isBridge ? node : null; b != null; b = b.above) {
                subordinate[b.secondary] = Math.max(subordinate[b.secondary], node.secondary);
            }
        }
        var all = new ArrayList<FunctionConfig>();
        bridges.forEach(b -> all.add(config(b, subordinate[b.secondary])));
        endpoints.forEach(e -> all.add(config(e, 0)));
        fabric = new PcieFabricFactory().build(all, root, (function, way) -> {
            dma.put(function.requesterId(), way);
            return function.headerType() == 1 ? null : devices.computeIfAbsent(
                    function.requesterId(), id -> new SettableDevice());
        });
    }

    private static FunctionConfig config(Node node, int subordinate) {
        ByteBuffer config = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        config.putInt(0, 0x1234_8086).putShort(4, (short) 0x106).putShort(6, (short) 0x10)
                .putInt(8, node.secondary > 0 ? 0x0604_0000 : 0x0200_0000)
                .put(0x0e, (byte) (node.secondary > 0 ? 1 : 0)).put(0x34, (byte) EXPRESS)
                .putInt(EXPRESS, 0x0002_0010 | node.type << 20)
                .putShort(EXPRESS + 8, (short) 0xf);
        if (node.secondary > 0) {
            config.put(0x18, (byte) (node.id >>> 8)).put(0x19, (byte) node.secondary)
                    .put(0x1a, (byte) subordinate).putShort(0x3e, (short) 2)
                    .putShort(EXPRESS + 0x1c, (short) 7);
        }
        if (node.aer) {
            config.putInt(AER, 0x0001_0001).putInt(AER + 0x0c, ErrorLayout.DEFAULT_SEVERITY);
        }
        return new FunctionConfig(node.id, config.array());
    }

    /** Returns every gate that an uncorrectable error of a function passes. */
    private static List<Gate> gates(Node node, boolean fatal) {
        var gates = new ArrayList<Gate>();
        Node top = node;
        for (; top.above != null; top = top.above) {
            gates.add(new Gate(top.above.id, 0x3e, 2));
            if (top.above.type != ROOT_PORT) {
                gates.add(new Gate(top.above.id, 4, 0x100));
            }
        }
        gates.add(new Gate(top.id, EXPRESS + 0x1c, fatal ? 4 : 2));
        return gates;
    }

    private void clear(Gate gate) {
        PciFunction f = fabric.function(gate.id);
        f.writeConfig(gate.offset, 2, f.readConfig(gate.offset, 2) & ~gate.bits);
    }

    private boolean isOpen(Gate gate) {
        return (fabric.function(gate.id).readConfig(gate.offset, 2) & gate.bits) == gate.bits;
    }

    private int raised(Node node, boolean fatal) {
        root.clear();
        fabric.function(node.id).injectError(
                new InjectedError(1 << (fatal ? MALFORMED : POISONED), 0, 0, 0));
        return root.systemErrors().size();
    }

    @Seeds(count = 100)
    void behindEverySystemErrorStandsAnOpenChain(long seed) {
        var random = new RandomStream(seed, "errors");
        build(random);
        Node node = endpoints.get(random.nextInt(endpoints.size()));
        boolean fatal = random.oneIn(2);
        List<Gate> gates = gates(node, fatal);
        assertThat(raised(node, fatal)).isEqualTo(1);
        for (int i = random.nextInt(3); i > 0; i--) {
            clear(gates.get(random.nextInt(gates.size())));
            assertThat(raised(node, fatal)).isEqualTo(
                    gates.stream().allMatch(this::isOpen) ? 1 : 0);
        }
    }

    /** Closing any one gate removes the error; closing those beside the way does not. */
    @Seeds(count = 60)
    void closingAnyOneGateRemovesIt(long seed) {
        build(new RandomStream(seed, "errors"));
        for (Node node : endpoints) {
            List<Gate> gates = gates(node, true);
            for (Gate gate : gates) {
                PciFunction f = fabric.function(gate.id);
                int before = f.readConfig(gate.offset, 2);
                clear(gate);
                assertThat(raised(node, true)).as("%s", gate).isZero();
                f.writeConfig(gate.offset, 2, before);
            }
            for (Node beside : bridges) {
                boolean onTheWay = gates.stream().anyMatch(g -> g.id == beside.id);
                PciFunction f = fabric.function(beside.id);
                f.writeConfig(0x3e, 2, onTheWay ? 2 : 0);
            }
            assertThat(raised(node, true)).isEqualTo(1);
            bridges.forEach(b -> fabric.function(b.id).writeConfig(0x3e, 2, 2));
        }
    }

    /** Neither a write, a read nor a message passes a closed gate or a bus in reset. */
    @Seeds(count = 100)
    void nothingLeavesPastAClosedGateAndEachRequestEndsOnce(long seed) {
        var random = new RandomStream(seed, "requests");
        build(random);
        for (int step = 0; step < 60; step++) {
            Node bridge = bridges.get(random.nextInt(bridges.size()));
            Node node = endpoints.get(random.nextInt(endpoints.size()));
            fabric.function(bridge.id).writeConfig(random.oneIn(2) ? 0x3e : 4, 2,
                    random.oneIn(3) ? 0x40 : 0x106);
            fabric.function(node.id).writeConfig(4, 2, random.oneIn(4) ? 2 : 6);
            SettableDevice device = devices.get(node.id);
            device.completion = random.oneIn(4) ? CompletionStatus.COMPLETION_TIMEOUT
                    : CompletionStatus.SUCCESS;
            boolean held = false;
            boolean open = true;
            for (Node b = node.above; b != null; b = b.above) {
                // read from the top down: what is below a bus in reset cannot be asked
                held |= isHeld(b);
                open &= (fabric.function(b.id).readConfig(4, 2) & 4) != 0;
            }
            root.clear();
            boolean silent = device.completion != CompletionStatus.SUCCESS;
            int read = fabric.function(node.id).readConfig(0, 4);
            assertThat(read).isEqualTo(held || silent ? -1 : 0x1234_8086);
            assertThat(root.timeouts()).hasSize(!held && silent ? 1 : 0);
            device.completion = CompletionStatus.SUCCESS;
            boolean leaves = !held && open && fabric.function(node.id).busMaster();
            root.clear();
            CompletionStatus status = dma.get(node.id).read(0x1000, new byte[4], 0, 4);
            dma.get(node.id).write(0x1000, new byte[4], 0, 4);
            assertThat(root.requests()).hasSize(leaves ? 2 : 0);
            assertThat(status).isEqualTo(leaves ? CompletionStatus.SUCCESS
                    : CompletionStatus.UNSUPPORTED_REQUEST);
        }
    }

    private boolean isHeld(Node bridge) {
        for (Node b = bridge.above; b != null; b = b.above) {
            if ((fabric.function(b.id).readConfig(0x3e, 2) & 0x40) != 0) {
                return true;
            }
        }
        return (fabric.function(bridge.id).readConfig(0x3e, 2) & 0x40) != 0;
    }
}
