// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.seeds.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whatever software writes: nothing leaves a function with bus mastering off, below a bridge with
 * it off, or below a bus in reset; and each read is completed once.
 */
class GatesPropertyTest {

    private static final int PORT = 0x08;
    private static final int UPSTREAM = 0x100;
    private static final int DOWNSTREAM = 0x208;
    private static final int CARD = 0x300;
    private static final int BESIDE = 0x10;
    private static final int[] WAY = {DOWNSTREAM, UPSTREAM, PORT};

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 0x10_0000)));
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final Map<Integer, DmaPort> ports = new HashMap<>();
    private final Map<Integer, Integer> resets = new HashMap<>();

    private static FunctionConfig bridge(int id, int secondary, int subordinate, int type) {
        ByteBuffer config = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        config.putInt(0, 0x1234_8086 + id).putShort(4, (short) 6).putShort(6, (short) 0x10)
                .putInt(8, 0x0604_0000).put(0x0e, (byte) 1).put(0x18, (byte) (id >>> 8))
                .put(0x19, (byte) secondary).put(0x1a, (byte) subordinate)
                .put(0x34, (byte) 0x40).putInt(0x40, 0x0002_0010 | type << 20);
        return new FunctionConfig(id, config.array());
    }

    private static FunctionConfig card(int id) {
        ByteBuffer config = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        config.putInt(0, 0x5678_8086).putShort(4, (short) 6).putShort(6, (short) 0x10)
                .putInt(8, 0x0200_0000).put(0x34, (byte) 0x50).putInt(0x50, 0x0081_0005)
                .putInt(0x54, 0xfee0_0000).putInt(0x5c, 0x31);
        return new FunctionConfig(id, config.array());
    }

    private Fabric fabric() {
        return new PcieFabricFactory().build(List.of(bridge(PORT, 1, 3, 4),
                bridge(UPSTREAM, 2, 3, 5), bridge(DOWNSTREAM, 3, 3, 6), card(CARD), card(BESIDE)),
                root, (function, dma) -> {
                    int id = function.requesterId();
                    ports.put(id, dma);
                    return new Device() {
                        @Override
                        public void reset() {
                            resets.merge(id, 1, Integer::sum);
                        }
                    };
                });
    }

    private static boolean isOpen(PciFunction function) {
        return function.busMaster() && (function.headerType() == 0
                || (function.readConfig(0x3e, 2) & 0x40) == 0);
    }

    private static boolean isReached(Fabric fabric, int id) {
        boolean open = isOpen(fabric.function(id));
        for (int bridge : id == CARD ? WAY : new int[0]) {
            open &= isOpen(fabric.function(bridge));
        }
        return open;
    }

    private void write(Fabric fabric, RandomStream random) {
        int[] all = {PORT, UPSTREAM, DOWNSTREAM, CARD, BESIDE};
        PciFunction function = fabric.function(all[random.nextInt(all.length)]);
        if (function.headerType() == 1 && random.oneIn(3)) {
            function.writeConfig(0x3e, 2, random.oneIn(2) ? 0x40 : 0);
        } else {
            function.writeConfig(4, 2, random.oneIn(3) ? 2 : 6);
        }
        if (function.headerType() == 0 && random.oneIn(3)) {
            function.writeConfig(0x52, 2, random.oneIn(2) ? 0x81 : 0x80);
        }
    }

    @Seeds
    void nothingPassesAClosedGate(long seed) {
        var random = new RandomStream(seed, "gates");
        Fabric fabric = fabric();
        for (int step = 0; step < 400; step++) {
            write(fabric, random);
            int id = random.oneIn(2) ? CARD : BESIDE;
            boolean reached = isReached(fabric, id);
            root.clear();
            byte[] data = new byte[8];
            switch (random.nextInt(3)) {
                case 0 -> {
                    CompletionStatus status = ports.get(id).read(0x1000, data, 0, 8);
                    assertThat(status == CompletionStatus.SUCCESS).isEqualTo(reached);
                    assertThat(data).containsOnly(reached ? 0 : 0xff);
                }
                case 1 -> ports.get(id).write(0x2000, data, 0, 8);
                default -> {
                    ports.get(id).interrupts().raise(0);
                    reached &= (fabric.function(id).readConfig(0x52, 2) & 1) != 0;
                }
            }
            assertThat(root.requests()).as("step %d", step).hasSize(reached ? 1 : 0)
                    .allMatch(r -> r.function() == id);
        }
    }

    /** A reset of a bus reaches what is below once a set bit, and nothing else. */
    @Seeds
    void aBusResetReachesWhatIsBelow(long seed) {
        var random = new RandomStream(seed, "resets");
        Fabric fabric = fabric();
        int expected = 0;
        boolean[] held = new boolean[WAY.length];
        for (int step = 0; step < 100; step++) {
            int which = random.nextInt(WAY.length);
            boolean set = random.oneIn(2);
            fabric.function(WAY[which]).writeConfig(0x3e, 2, set ? 0x40 : 0);
            boolean reached = true;
            for (int above = which + 1; above < WAY.length; above++) {
                reached &= !held[above];
            }
            if (!reached) {
                continue; // its link is down: the write goes nowhere
            }
            if (set && !held[which]) {
                expected++;
                Arrays.fill(held, 0, which, false); // it clears Bridge Control below
            }
            held[which] = set;
        }
        assertThat(resets.getOrDefault(CARD, 0)).isEqualTo(expected);
        assertThat(resets).doesNotContainKey(BESIDE);
    }
}
