// SPDX-License-Identifier: Apache-2.0
package devices.pcie.link;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.PciFunction;

/**
 * One row of a manual's table of registers, and the check that a device keeps to it: RO keeps its
 * value, RW takes ones and zeros, WO reads as zero, RW1C is cleared by a written one and by
 * nothing else.
 *
 * @param at "offset/bytes", in hexadecimal and decimal: "0x40/4"
 * @param bits "hi:lo", or one bit
 * @param kind RO, RW, WO, RW1C, or SC: set by software, with an effect that is tested elsewhere
 * @param reset value of the field after reset
 */
public record RegisterBits(String at, String bits, String kind, long reset) {

    /** The registers at a BAR of a function. */
    public record Access(PciFunction function, int bar) {

        /** Returns what software reads. */
        public long read(int offset, int bytes) {
            return function.readRegister(bar, offset, bytes);
        }

        /** Does what a write by software does. */
        public void write(int offset, int bytes, long value) {
            function.writeRegister(bar, offset, bytes, value);
        }
    }

    private int offset() {
        return Integer.decode(at.split("/")[0]);
    }

    private int bytes() {
        return Integer.parseInt(at.split("/")[1]);
    }

    private int low() {
        return Integer.parseInt(bits.substring(bits.indexOf(':') + 1));
    }

    private long ones() {
        int high = Integer.parseInt(bits.split(":")[0]);
        return -1L >>> 63 - (high - low());
    }

    private long field(Access device) {
        return device.read(offset(), bytes()) >>> low() & ones();
    }

    private void write(Access device, long value) {
        device.write(offset(), bytes(), value << low());
    }

    /** Checks a device that is as it came out of its reset. */
    public void check(Access device) {
        assertThat(field(device)).as("after reset").isEqualTo(reset);
        switch (kind) {
            case "RO" -> written(device, reset, reset);
            case "RW" -> written(device, ones(), 0);
            case "WO" -> written(device, 0, 0);
            case "RW1C" -> {
                write(device, 0);
                assertThat(field(device)).as("zeros written").isEqualTo(reset);
                write(device, ones());
                assertThat(field(device)).as("ones written").isZero();
            }
            default -> assertThat(kind).isEqualTo("SC");
        }
    }

    private void written(Access device, long withOnes, long withZeros) {
        write(device, ones());
        assertThat(field(device)).as("ones written").isEqualTo(withOnes);
        write(device, 0);
        assertThat(field(device)).as("zeros written").isEqualTo(withZeros);
    }
}
