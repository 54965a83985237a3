// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Bar;
import iommu.api.pcie.FunctionConfig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Windows over what lies behind a bridge; config space of functions whose drivers are gone. */
class BridgeWindowsTest {

    private static final int BRIDGE = 0x0008;

    private final BridgeWindows windows = new BridgeWindows();

    /** Opens the windows of a bridge to buses 1 to 2. */
    private FunctionConfig bridge() {
        var writer = new ConfigWriter(BRIDGE);
        writer.bridge(1, 2);
        windows.openLater(writer, BRIDGE, 1, 2);
        Map<Integer, FunctionConfig> opened = windows.opened();
        assertThat(opened).containsOnlyKeys(BRIDGE);
        return opened.get(BRIDGE);
    }

    private static Bar bar(String kind, long bytes) {
        return switch (kind) {
            case "io" -> new Bar(0, bytes, false, false, true);
            case "memory" -> new Bar(0, bytes, false, false, false);
            case "wide" -> new Bar(0, bytes, true, false, false);
            case "prefetchable" -> new Bar(0, bytes, false, true, false);
            default -> new Bar(0, bytes, true, true, false);
        };
    }

    private static String memory(FunctionConfig bridge) {
        return window(bridge.u16(0x20), bridge.u16(0x22), 0, 0);
    }

    private static String prefetchable(FunctionConfig bridge) {
        assertThat(bridge.u16(0x24) & 15).as("64 bits").isEqualTo(1);
        return window(bridge.u16(0x24), bridge.u16(0x26), bridge.read(0x28, 4),
                bridge.read(0x2c, 4));
    }

    private static String window(int base, int limit, int upperBase, int upperLimit) {
        long first = (long) upperBase << 32 | (long) (base & 0xfff0) << 16;
        long last = (long) upperLimit << 32 | (long) (limit & 0xfff0) << 16 | 0xf_ffff;
        return first > last ? "closed" : Long.toHexString(first) + "-" + Long.toHexString(last);
    }

    private static String io(FunctionConfig bridge) {
        int first = (bridge.u8(0x1c) & 0xf0) << 8;
        int last = (bridge.u8(0x1d) & 0xf0) << 8 | 0xfff;
        return first > last ? "closed" : Integer.toHexString(first) + "-"
                + Integer.toHexString(last);
    }

    @Test
    void withNothingBehindAllAreClosed() {
        FunctionConfig bridge = bridge();
        assertThat(List.of(io(bridge), memory(bridge), prefetchable(bridge)))
                .containsOnly("closed");
    }

    /** Kind, address and size of the one space behind; I/O, memory and prefetchable windows. */
    @ParameterizedTest(name = "{0} at {1}, {2} bytes")
    @CsvSource({
        "io,           0x4000,       0x20,      4000-4fff, closed, closed",
        "io,           0x4fe0,       0x20,      4000-4fff, closed, closed",
        "io,           0x4f00,       0x100,     4000-4fff, closed, closed",
        "io,           0x5000,       0x100,     5000-5fff, closed, closed",
        "memory,       0xfda00000,   0x1000,    closed, fda00000-fdafffff, closed",
        "memory,       0xfdaff000,   0x1000,    closed, fda00000-fdafffff, closed",
        "memory,       0xfdb00000,   0x100000,  closed, fdb00000-fdbfffff, closed",
        "memory,       0xf0000000,   0x1000000, closed, f0000000-f0ffffff, closed",
        "wide,         0xfda00000,   0x4000,    closed, fda00000-fdafffff, closed",
        "wide,         0x8000000000, 0x4000,    closed, closed, 8000000000-80000fffff",
        "prefetchable, 0xfda00000,   0x4000,    closed, closed, fda00000-fdafffff",
        "both,         0x8000000000, 0x200000,  closed, closed, 8000000000-80001fffff",
        "both,         0xe0000000,   0x10000000, closed, closed, e0000000-efffffff",
        "memory,       0,            0x1000,    closed, closed, closed",
        "io,           0,            0x20,      closed, closed, closed"})
    void aSpaceBehindOpensItsWindow(String kind, String address, String bytes, String io,
            String memory, String prefetchable) {
        windows.add(0x0100, bar(kind, Long.decode(bytes)), Long.decode(address));
        FunctionConfig bridge = bridge();
        assertThat(List.of(io(bridge), memory(bridge), prefetchable(bridge)))
                .containsExactly(io, memory, prefetchable);
    }

    /** Only what lies on the buses behind, in the same segment. */
    @ParameterizedTest(name = "of {0}")
    @CsvSource({"0x0008, closed", "0x0100, fda00000-fdafffff", "0x01ff, fda00000-fdafffff",
        "0x0200, fda00000-fdafffff", "0x0300, closed", "0x10100, closed", "0x00f8, closed"})
    void whatLiesElsewhereOpensNothing(String requester, String memory) {
        windows.add(Integer.decode(requester), bar("memory", 0x1000), 0xfda0_0000L);
        assertThat(memory(bridge())).isEqualTo(memory);
    }

    @Test
    void aWindowReachesFromTheFirstToTheLast() {
        windows.add(0x0100, bar("memory", 0x1000), 0xfda4_0000L);
        windows.add(0x0200, bar("memory", 0x10_0000), 0xfdd0_0000L);
        windows.add(0x0108, bar("memory", 0x1000), 0xfdb0_0000L);
        windows.add(0x0100, bar("io", 0x20), 0x6000);
        windows.add(0x0200, bar("io", 0x20), 0x4000);
        FunctionConfig bridge = bridge();
        assertThat(memory(bridge)).isEqualTo("fda00000-fddfffff");
        assertThat(io(bridge)).isEqualTo("4000-6fff");
    }

    @Test
    void eachBridgeHasItsOwn() {
        windows.add(0x0100, bar("memory", 0x1000), 0xfda0_0000L);
        windows.add(0x0300, bar("memory", 0x1000), 0xfdb0_0000L);
        for (int i = 0; i < 2; i++) {
            var writer = new ConfigWriter(BRIDGE + 8 * i);
            writer.bridge(1 + 2 * i, 1 + 2 * i);
            windows.openLater(writer, BRIDGE + 8 * i, 1 + 2 * i, 1 + 2 * i);
        }
        Map<Integer, FunctionConfig> opened = windows.opened();
        assertThat(memory(opened.get(BRIDGE))).isEqualTo("fda00000-fdafffff");
        assertThat(memory(opened.get(BRIDGE + 8))).isEqualTo("fdb00000-fdbfffff");
    }

    @Test
    void aBridgeWithoutBusesHasNothingBehind() {
        windows.add(0x0000, bar("memory", 0x1000), 0xfda0_0000L);
        var writer = new ConfigWriter(BRIDGE);
        windows.open(writer, 0, 0, 0);
        assertThat(memory(writer.build(true))).isEqualTo("closed");
    }

    // ---- at rest --------------------------------------------------------------------------------

    private static FunctionConfig running(boolean bridge) {
        var writer = new ConfigWriter(0x100);
        writer.ids(0x8086, 0x10d3, 0);
        writer.command(ConfigWriter.IO_SPACE | ConfigWriter.MEMORY_SPACE | ConfigWriter.BUS_MASTER
                | ConfigWriter.SERR);
        if (bridge) {
            writer.bridge(1, 2);
        }
        writer.express(0x40, ExpressType.ENDPOINT, 0, 0x83, 0);
        writer.msi(0x80, true);
        writer.msiX(0xa0, 5, 0, true);
        writer.translationServices(0x100, 0x8000);
        return writer.build(true);
    }

    /** What a driver has switched on is off again, and nothing else is changed. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "command,         0x04,  2, 0x107,  0x103",
        "MSI enable,      0x82,  2, 0x0081, 0x0080",
        "MSI-X enable,    0xa2,  2, 0x8004, 0x0004",
        "ATS enable,      0x106, 2, 0x8000, 0",
        "Express,         0x40,  1, 0x10,   0x10",
        "vendor,          0x00,  2, 0x8086, 0x8086"})
    void aFunctionAtRest(String what, String offset, int bytes, String before, String after) {
        int at = Integer.decode(offset);
        FunctionConfig running = running(false);
        assertThat(running.read(at, bytes)).as("running").isEqualTo(Integer.decode(before));
        FunctionConfig rest = ConfigAtRest.of(running);
        assertThat(rest.read(at, bytes)).isEqualTo(Integer.decode(after));
        assertThat(running.read(at, bytes)).as("it is a copy").isEqualTo(Integer.decode(before));
        assertThat(rest.requesterId()).isEqualTo(0x100);
    }

    @Test
    void bridgesStayAsTheyAre() {
        FunctionConfig bridge = running(true);
        assertThat(ConfigAtRest.of(bridge)).isSameAs(bridge);
    }

    @Test
    void whatIsOffStaysOff() {
        FunctionConfig rest = ConfigAtRest.of(running(false));
        assertThat(ConfigAtRest.of(rest).config()).isEqualTo(rest.config());
    }

    @Test
    void aShortConfigSpaceIsEnough() {
        byte[] config = new byte[64];
        config[4] = 7;
        assertThat(ConfigAtRest.of(new FunctionConfig(8, config)).u8(4)).isEqualTo(3);
    }
}
