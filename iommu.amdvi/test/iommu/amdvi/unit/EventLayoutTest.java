// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.amdvi.AmdViRegisters;
import iommu.api.pcie.Access;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each event that can happen, all sixteen bytes. Of the others the unit has no cause: devices here
 * have no IOTLB (7) and request no pages (9), and pages have no owners (Dh, Eh).
 */
class EventLayoutTest {

    private static final long IOVA = 0x7008;

    private final Fixture fixture = Fixture.on();

    /** What happens; low and high quadword; R is the root, C the first command, O outside. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "mode reserved, r, 1000000000000028, 7008",
        "mode reserved, w, 1020000000000028, 7008",
        "reserved bit of an entry, r, 1080000000000028, 7008",
        "beyond the device table, r, 1000000000000080, 7008",
        "not present, r, 2000000500000028, 7008",
        "not present, w, 2020000500000028, 7008",
        "no right, w, 2070000500000028, 7008",
        "no right, r, 2050000500000028, 7008",
        "device table outside, r, 3200000000000028, O+500",
        "device table outside, w, 3220000000000028, O+500",
        "page table outside, r, 4200000500000028, O+0",
        "page table outside, w, 4220000500000028, O+0",
        "illegal command, -, 5000000000000000, C+0",
        "command buffer outside, -, 6200000000000000, O+0",
        "completion outside, -, 6200000000000000, O+8",
        "interrupt range, r, 8000000000000028, fee01000"})
    void allSixteenBytes(String what, String access, String low, String high) {
        int device = what.equals("beyond the device table") ? 0x80 : Fixture.DEVICE;
        prepare(what, fixture.domain(Fixture.DEVICE, 5, 3), access);
        if (!access.equals("-")) {
            fixture.unit.translate(device, what.equals("interrupt range") ? 0xfee0_1000L : IOVA,
                    access.equals("w") ? Access.WRITE : Access.READ);
        }
        assertThat(fixture.read(AmdViRegisters.EVENT_TAIL)).isEqualTo(16);
        assertThat(fixture.eventLow(0)).isEqualTo(Long.parseUnsignedLong(low, 16));
        assertThat(fixture.eventHigh(0)).isEqualTo(address(high));
    }

    private void prepare(String what, long root, String access) {
        long entry = fixture.entryOf(Fixture.DEVICE);
        switch (what) {
            case "mode reserved" -> fixture.memory.write64(entry, Fixture.low(7, root, 3));
            case "reserved bit of an entry" ->
                fixture.memory.write64(entry, Fixture.low(3, root, 3) | 4);
            case "no right" -> fixture.map(root, IOVA & -4096, 0x20_0000,
                    access.equals("w") ? Access.READ : Access.WRITE);
            case "device table outside" -> fixture.write(AmdViRegisters.DEV_TAB, Fixture.OUTSIDE);
            case "page table outside" ->
                fixture.memory.write64(root, Fixture.directory(Fixture.OUTSIDE, 2));
            case "illegal command" -> fixture.command(0, 0);
            case "command buffer outside" -> {
                fixture.control(0);
                fixture.write(AmdViRegisters.CMD_BUF, Fixture.OUTSIDE | 8L << 56);
                fixture.control(Fixture.RUNNING);
                fixture.write(AmdViRegisters.CMD_TAIL, 16);
            }
            case "completion outside" ->
                fixture.command(Fixture.opcode(1, Fixture.OUTSIDE | 8 | 1), 0);
            default -> { }
        }
    }

    private long address(String high) {
        long number = Long.parseLong(high.replaceAll("^[OC]\\+", ""), 16);
        return switch (high.charAt(0)) {
            case 'O' -> Fixture.OUTSIDE + number;
            case 'C' -> fixture.commands + number;
            default -> number;
        };
    }
}
