// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.profile.KernelVersion;
import iommu.testkit.FakeFunction;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import kdump.lab.engine.ports.ErrorLines.Severity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The tables of Linux's aer.c: names of bits, layers, agents, and one line an error. */
class ErrorLinesTableTest {

    private static final ErrorLines OLD = new ErrorLines(KernelVersion.parse("6.9"));
    private static final ErrorLines NEW = new ErrorLines(KernelVersion.parse("6.10"));
    private static final String NAME = "pci 0000:03:00.0: ";

    private final FakeFunction function = new FakeFunction(0x300, 0x010802);

    private String first(Severity severity, int status) {
        return OLD.detected(function, severity, status, 0, -1, null).get(0);
    }

    /** Bits of Correctable Error Status, aer_correctable_error_string. */
    @ParameterizedTest
    @CsvSource({"0, RxErr", "6, BadTLP", "7, BadDLLP", "8, Rollover", "12, Timeout",
        "13, NonFatalErr", "14, CorrIntErr", "15, HeaderOF", "1, Unknown Error Bit",
        "9, Unknown Error Bit", "16, Unknown Error Bit", "31, Unknown Error Bit"})
    void correctableBitsHaveTheirNames(int bit, String name) {
        assertThat(ErrorLines.names(true, 1 << bit)).isEqualTo(name);
    }

    /** Bits of Uncorrectable Error Status, aer_uncorrectable_error_string. */
    @ParameterizedTest
    @CsvSource({"0, Undefined", "4, DLP", "5, SDES", "12, TLP", "13, FCP", "14, CmpltTO",
        "15, CmpltAbrt", "16, UnxCmplt", "17, RxOF", "18, MalfTLP", "19, ECRC", "20, UnsupReq",
        "21, ACSViol", "22, UncorrIntErr", "23, BlockedTLP", "24, AtomicOpBlocked",
        "25, TLPBlockedErr", "26, PoisonTLPBlocked", "1, Unknown Error Bit",
        "11, Unknown Error Bit", "31, Unknown Error Bit"})
    void uncorrectableBitsHaveTheirNames(int bit, String name) {
        assertThat(ErrorLines.names(false, 1 << bit)).isEqualTo(name);
    }

    @Test
    void severalNamesStandInTheOrderOfTheirBits() {
        assertThat(ErrorLines.names(false, 1 << 20 | 1 << 4 | 1 << 15))
                .isEqualTo("DLP, CmpltAbrt, UnsupReq");
        assertThat(ErrorLines.names(true, 0)).isEmpty();
        assertThat(ErrorLines.names(true, 0x8000_0001)).isEqualTo("RxErr, Unknown Error Bit");
    }

    /** AER_GET_LAYER_ERROR: a receiver error is physical, whatever else there is. */
    @ParameterizedTest
    @CsvSource({"CORRECTABLE, 0x1041, Physical Layer", "CORRECTABLE, 0x40, Data Link Layer",
        "CORRECTABLE, 0x80, Data Link Layer", "CORRECTABLE, 0x100, Data Link Layer",
        "CORRECTABLE, 0x1000, Data Link Layer", "CORRECTABLE, 0xe000, Transaction Layer",
        "FATAL, 0x10, Data Link Layer", "FATAL, 0x40010, Data Link Layer",
        "FATAL, 0x1, Transaction Layer", "FATAL, 0x20, Transaction Layer",
        "NON_FATAL, 0x1000, Transaction Layer", "NON_FATAL, 0x40, Transaction Layer"})
    void theLayerFollowsFromTheBits(Severity severity, String status, String layer) {
        assertThat(first(severity, Integer.decode(status))).contains("type=" + layer + ", (");
    }

    /** AER_GET_AGENT: a completer before a requester, and neither for correctable errors. */
    @ParameterizedTest
    @CsvSource({"FATAL, 0x8000, Completer", "FATAL, 0x10c000, Completer",
        "NON_FATAL, 0x4000, Requester", "NON_FATAL, 0x100000, Requester",
        "NON_FATAL, 0x141000, Requester", "FATAL, 0x41000, Receiver",
        "CORRECTABLE, 0x8000, Receiver", "CORRECTABLE, 0x4000, Receiver",
        "CORRECTABLE, 0x100, Transmitter", "CORRECTABLE, 0x1041, Transmitter",
        "CORRECTABLE, 0xc0, Receiver"})
    void theAgentFollowsFromTheBits(Severity severity, String status, String agent) {
        assertThat(first(severity, Integer.decode(status))).endsWith("(" + agent + " ID)");
    }

    /** Rows: severity, before 6.10, from then on. */
    @ParameterizedTest
    @CsvSource({"CORRECTABLE, Corrected, Correctable",
        "NON_FATAL, Uncorrected (Non-Fatal), Uncorrectable (Non-Fatal)",
        "FATAL, Uncorrected (Fatal), Uncorrectable (Fatal)"})
    void severitiesAreCalledAsTheVersionDoes(Severity severity, String before, String since) {
        assertThat(OLD.severity(severity)).isEqualTo(before);
        assertThat(NEW.severity(severity)).isEqualTo(since);
        String port = "pcieport 0000:03:00.0: AER: Multiple ";
        assertThat(OLD.received(function, true, severity, 0x1_0208))
                .isEqualTo(port + before + " error received: 0001:02:01.0");
        assertThat(NEW.received(function, true, severity, 0x1_0208))
                .isEqualTo(port + since + " error message received from 0001:02:01.0");
    }

    @ParameterizedTest
    @EnumSource(Severity.class)
    void whatCouldNotBeReadIsOneLine(Severity severity) {
        assertThat(NEW.detected(function, severity, 0, 0, 5, new int[4])).containsExactly(
                NAME + "PCIe Bus Error: severity=" + NEW.severity(severity)
                        + ", type=Inaccessible, (Unregistered Agent ID)");
    }

    /** Masked errors count for layer and agent, and have no line of their own. */
    @Seeds(count = 5)
    void eachErrorThatIsNotMaskedHasOneLine(long seed) {
        var random = new Random(seed);
        function.writeConfig(0, 4, 0x0010_1b36);
        for (int i = 0; i < 50; i++) {
            var severity = Severity.values()[random.nextInt(3)];
            int status = random.nextInt() | 1 << random.nextInt(32);
            int mask = random.nextInt();
            int first = random.nextInt(33) - 1;
            int[] header = random.nextBoolean() ? null
                    : random.ints(4).toArray();
            var expected = new ArrayList<String>();
            expected.add(NAME + String.format("  device [1b36:0010] error status/mask=%08x/%08x",
                    status, mask));
            for (int bit = 0; bit < 32; bit++) {
                if ((status >>> bit & 1) == 1 && (mask >>> bit & 1) == 0) {
                    String name = ErrorLines.names(severity == Severity.CORRECTABLE, 1 << bit);
                    String line = NAME + "   [" + (bit < 10 ? " " : "") + bit + "] " + name;
                    expected.add(bit != first ? line
                            : line + " ".repeat(22 - name.length()) + " (First)");
                }
            }
            if (header != null) {
                expected.add(NAME + String.format("AER:   TLP Header: %08x %08x %08x %08x",
                        header[0], header[1], header[2], header[3]));
            }
            List<String> lines = OLD.detected(function, severity, status, mask, first, header);
            assertThat(lines.subList(1, lines.size())).isEqualTo(expected);
        }
    }
}
