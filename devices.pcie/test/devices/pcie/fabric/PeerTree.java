// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.Bar;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.Upstream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A root port, a switch with two downstream ports and a card behind each, and a PCI Express to PCI
 * bridge with two conventional cards: each card with 8 KiB of registers in BAR 0, each port with
 * Access Control Services and AER.
 */
final class PeerTree {

    static final int ROOT_PORT = id("00:01.0");
    static final int SWITCH = id("01:00.0");
    static final int LEFT_PORT = id("02:00.0");
    static final int RIGHT_PORT = id("02:08.0");
    static final int LEFT = id("03:00.0");
    static final int RIGHT = id("04:00.0");
    static final int TO_PCI = id("00:03.0");
    static final int OLD = id("05:00.0");
    static final int OTHER_OLD = id("05:01.0");

    static final long LEFT_AT = 0xc000_0000L;
    static final long RIGHT_AT = 0xc010_0000L;
    static final long OLD_AT = 0xd000_0000L;
    static final long OTHER_OLD_AT = 0xd000_2000L;
    static final int BAR_BYTES = 0x2000;
    static final int AER = 0x100;
    static final int ACS = 0x150;
    static final int REDIRECT = 4;
    static final int FORWARD = 0x10;
    static final int DIRECT_TRANSLATED = 0x40;

    final Map<Integer, DmaPort> dma = new HashMap<>();
    /** Register accesses of all cards. */
    final List<String> told = new ArrayList<>();
    final Fabric fabric;

    PeerTree(Upstream root) {
        fabric = new PcieFabricFactory().build(List.of(
                bridge(ROOT_PORT, 1, 4, 4, LEFT_AT, RIGHT_AT), bridge(SWITCH, 2, 4, 5, LEFT_AT,
                        RIGHT_AT), bridge(LEFT_PORT, 3, 3, 6, LEFT_AT, LEFT_AT),
                bridge(RIGHT_PORT, 4, 4, 6, RIGHT_AT, RIGHT_AT), card(LEFT, LEFT_AT),
                card(RIGHT, RIGHT_AT), bridge(TO_PCI, 5, 5, 7, OLD_AT, OLD_AT),
                card(OLD, OLD_AT), card(OTHER_OLD, OTHER_OLD_AT)), root, (function, way) -> {
                    dma.put(function.requesterId(), way);
                    return function.headerType() == 1 ? null : new Card(function.requesterId());
                });
    }

    private static int id(String id) {
        return RequesterId.parse(id);
    }

    private final class Card implements Device {

        private final String name;

        Card(int requester) {
            name = RequesterId.format(requester).substring(5);
        }

        @Override
        public List<Bar> bars() {
            return List.of(Bar.memory(0, BAR_BYTES));
        }

        @Override
        public long readRegister(int bar, long offset, int bytes) {
            told.add(String.format("%s read %x %d", name, offset, bytes));
            return 0x1111_1111L * (offset / 4 % 10);
        }

        @Override
        public void writeRegister(int bar, long offset, int bytes, long value) {
            told.add(String.format("%s write %x %d %x", name, offset, bytes, value));
        }

        @Override
        public void reset() { }
    }

    private static ByteBuffer header(int id, int header, int type) {
        return ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 0x1234_8086)
                .putShort(4, (short) 6).putShort(6, (short) 0x10)
                .putInt(8, header == 1 ? 0x0604_0000 : 0x0200_0000).put(0x0e, (byte) header)
                .put(0x34, (byte) 0x40).putInt(0x40, 0x0002_0010 | type << 20)
                .putInt(0x44, 0x1000_8000);
    }

    /** Windows are those of the megabytes that {@code first} and {@code last} lie in. */
    private static FunctionConfig bridge(int id, int secondary, int subordinate, int type,
            long first, long last) {
        ByteBuffer config = header(id, 1, type).put(0x18, (byte) (id >>> 8))
                .put(0x19, (byte) secondary).put(0x1a, (byte) subordinate)
                .putShort(0x20, (short) (first >>> 16)).putShort(0x22, (short) (last >>> 16))
                .putInt(0x24, 0x0000_fff0)
                .putInt(AER, 0x0002_0001 | ACS << 20).putInt(AER + 0x0c, 0x0046_2030)
                .putInt(ACS, 0x0001_000d).putInt(ACS + 4, 0x7f);
        return new FunctionConfig(id, config.array());
    }

    /** Conventional cards have the capability of PCI Express too: it makes no difference here. */
    private static FunctionConfig card(int id, long address) {
        return new FunctionConfig(id, header(id, 0, 0).putInt(0x10, (int) address)
                .putInt(0x100, 0x0001_000f).putInt(0x104, 0x8000_0020).array());
    }

    PciFunction at(int id) {
        return fabric.function(id);
    }

    void control(int port, int bits) {
        at(port).writeConfig(ACS + 6, 2, bits);
    }
}
