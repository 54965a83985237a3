// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import kdump.lab.qtest.differ.AmdWorld;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.differ.QemuProcess;
import kdump.lab.qtest.differ.VtdWorld;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random lines of the protocol, well formed or oddly, at memory, its ends, devices, units and
 * where nothing is, on QEMU and on our machine. The seed is that of LAB_SEED.
 */
class ProtocolDifferenceTest {

    private static final long SEED = Long.parseLong(
            System.getenv().getOrDefault("LAB_SEED", "1"));
    private static final int LINES = 4000;
    private static final long[] PLACES = {0x0, 0x9_fff0, 0xb_fff0, 0xc_0000, 0xd_fff0, 0xe_0000,
        0xe_fff0, 0xf_0000, 0x10_0000, 0x3ff_fff0, 0x400_0000, 0xe004_0000L, 0xfffe_fff0L,
        0xffff_0000L, 0x1_0000_0000L, 0xffff_ffff_ffff_fff0L, 0xe000_0000L};
    /** All but the last. */
    private static final int WRITABLE_PLACES = PLACES.length - 1;
    private static final List<String> OPTIONS = List.of("-machine", "q35", "-m", "64",
            "-device", "edu,addr=5");

    private final RandomStream random = new RandomStream(SEED, "protocol");
    private final List<String> lines = new ArrayList<>();

    @ParameterizedTest
    @ValueSource(strings = {"intel-iommu,aw-bits=48", "amd-iommu"})
    void answersAreThoseOfQemu(String unit) {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
        var options = new ArrayList<>(List.of("-device", unit));
        options.addAll(OPTIONS);
        lines.addAll(List.of("outl 0xcf8 0x80002810", "outl 0xcfc 0xe0000000",
                "outl 0xcf8 0x80002804", "outl 0xcfc 6"));
        long registers = unit.startsWith("amd") ? AmdWorld.UNIT + 0x28 : VtdWorld.UNIT;
        for (int i = 0; i < LINES; i++) {
            line(registers);
        }
        try (var qemu = new QemuProcess(options)) {
            options.addAll(List.of("-bios", qemu.firmware().toString()));
            Protocol ours = OurMachine.of(options.toArray(String[]::new));
            List<String> theirs = qemu.answers(lines);
            for (int i = 0; i < lines.size(); i++) {
                assertThat(ours.answer(lines.get(i))).as("LAB_SEED=%d, %s", SEED,
                        lines.subList(Math.max(0, i - 6), i + 1)).isEqualTo(theirs.get(i));
            }
        }
    }

    private String place(long registers) {
        long at = random.oneIn(6) ? registers : PLACES[random.nextInt(PLACES.length)];
        return spelled(at + random.nextInt(24));
    }

    private String spelled(long number) {
        return switch (random.nextInt(4)) {
            case 0 -> Long.toUnsignedString(number);
            case 1 -> "0" + Long.toOctalString(number);
            case 2 -> "0X" + Long.toHexString(number);
            default -> "0x" + Long.toHexString(number);
        };
    }

    /** Reads of any kind anywhere; writes not to registers of units, which other programs test. */
    private void line(long registers) {
        char width = "bwlq".charAt(random.nextInt(4));
        String size = spelled(1 + random.nextInt(40));
        // the factorial of edu takes QEMU a while
        String memory = spelled(PLACES[random.nextInt(WRITABLE_PLACES)] + random.nextInt(24));
        lines.add(switch (random.nextInt(10)) {
            case 0 -> "write" + width + " " + memory + " " + (random.oneIn(8) ? "-" : "")
                    + spelled(random.nextLong() >>> 1 + random.nextInt(63));
            case 1 -> "write " + memory + " " + size + " 0x" + digits();
            case 2 -> "b64write " + memory + " 8 " + text();
            case 3 -> "memset " + memory + " " + size + " " + random.nextInt(0x1ff);
            case 4 -> "b64read " + place(registers) + " " + size;
            case 5, 6 -> "read " + place(registers) + " " + size;
            case 7 -> random.oneIn(2) ? "endianness" : "read" + width + " " + memory + " junk";
            default -> "read" + width + " " + place(registers);
        });
    }

    private String digits() {
        var text = new StringBuilder("0");
        for (int i = random.nextInt(20); i > 0; i--) {
            text.append(random.oneIn(12) ? 'x' : Character.forDigit(random.nextInt(16), 16));
        }
        return text.toString();
    }

    /** Eight bytes or more, or something oddly spelled that has as many characters. */
    private String text() {
        byte[] bytes = new byte[8 + random.nextInt(8)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) random.nextInt(256);
        }
        var text = new StringBuilder(Base64.getEncoder().encodeToString(bytes));
        for (int i = random.oneIn(3) ? 3 : 0; i > 0; i--) {
            text.setCharAt(random.nextInt(text.length()), "=?-Az".charAt(random.nextInt(5)));
        }
        return text.toString();
    }
}
