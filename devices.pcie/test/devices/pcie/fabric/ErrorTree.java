// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.Device;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.testkit.RecordingUpstream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * A root port, a switch and an endpoint for the tests of errors: each with PCI Express at 40h,
 * AER at 100h and nothing enabled; beside it a second port without AER, and a card behind that.
 */
final class ErrorTree {

    static final int PORT = 0x08;
    static final int UPSTREAM = 0x100;
    static final int DOWNSTREAM = 0x208;
    static final int CARD = 0x300;
    static final int PLAIN_PORT = 0x10;
    static final int PLAIN_CARD = 0x400;
    static final int EXPRESS = 0x40;
    static final int DEVICE_CONTROL = EXPRESS + 8;
    static final int DEVICE_STATUS = EXPRESS + 0x0a;
    static final int ROOT_CONTROL = EXPRESS + 0x1c;
    static final int AER = 0x100;
    /** Behind AER: another extended capability, if any. */
    static final int NEXT = 0x140;

    final RecordingUpstream root = new RecordingUpstream();
    final Map<Integer, DmaPort> dma = new HashMap<>();
    final Fabric fabric;

    ErrorTree() {
        this(id -> new Device() {
            @Override
            public void reset() { }
        });
    }

    ErrorTree(IntFunction<Device> devices) {
        this(devices, Map.of());
    }

    /** {@code more}: of each port the words of the capability behind AER. */
    ErrorTree(IntFunction<Device> devices, Map<Integer, int[]> more) {
        fabric = new PcieFabricFactory().build(List.of(
                function(PORT, 1, 4, 4, true, more), function(UPSTREAM, 2, 4, 5, true, more),
                function(DOWNSTREAM, 3, 3, 6, true, more), function(CARD, 0, 0, 0, true, more),
                function(PLAIN_PORT, 4, 4, 4, false, more),
                function(PLAIN_CARD, 0, 0, 0, false, more)), root, (function, way) -> {
                    dma.put(function.requesterId(), way);
                    return function.headerType() == 1 ? null
                            : devices.apply(function.requesterId());
                });
    }

    private static FunctionConfig function(int id, int secondary, int subordinate, int type,
            boolean aer, Map<Integer, int[]> more) {
        ByteBuffer config = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        boolean bridge = secondary > 0;
        config.putInt(0, 0x1234_8086).putShort(4, (short) 6).putShort(6, (short) 0x10)
                .putInt(8, bridge ? 0x0604_0000 : 0x0200_0000).put(0x0e, (byte) (bridge ? 1 : 0))
                .put(0x34, (byte) EXPRESS).putInt(EXPRESS, 0x0002_0010 | type << 20)
                .putInt(EXPRESS + 4, 0x1000_8000).putInt(EXPRESS + 0x24, 0x1f);
        if (bridge) {
            config.put(0x18, (byte) (id >>> 8)).put(0x19, (byte) secondary)
                    .put(0x1a, (byte) (id == PORT ? 3 : subordinate == 4 && id == UPSTREAM ? 3
                            : subordinate)).putShort(EXPRESS + 0x1e, (short) 1).put(0x3d, (byte) 1);
        } else {
            config.putInt(0x10, 0x1000_0000);
        }
        if (aer) {
            config.putInt(AER, 0x0002_0001 | (more.containsKey(id) ? NEXT << 20 : 0))
                    .putInt(AER + 0x0c, ErrorLayout.DEFAULT_SEVERITY)
                    .putInt(AER + 0x14, 0xe000).putInt(AER + 0x18, 0x200);
        }
        int at = NEXT;
        for (int word : more.getOrDefault(id, new int[0])) {
            config.putInt(at, word);
            at += 4;
        }
        return new FunctionConfig(id, config.array());
    }

    PciFunction at(int id) {
        return fabric.function(id);
    }

    int word(int id, int offset) {
        return at(id).readConfig(offset, 4);
    }

    int half(int id, int offset) {
        return at(id).readConfig(offset, 2);
    }

    /** Opens every gate to a system error, of all severities. */
    void openAll() {
        for (PciFunction f : fabric.functions()) {
            f.writeConfig(DEVICE_CONTROL, 2, 0xf);
            f.writeConfig(4, 2, 0x106);
            if (f.headerType() == 1) {
                f.writeConfig(0x3e, 2, 2);
                f.writeConfig(ROOT_CONTROL, 2, 7);
            }
        }
    }
}
