// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.PciFunction;
import iommu.api.profile.KernelVersion;
import iommu.api.trace.Trace;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Stage;
import kdump.lab.engine.ports.ErrorLines.Severity;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErrorLinesTest {

    private final PciFunction function = new Stage("vtd1", RunOptions.ofSeed(1))
            .run(new Linux(), Trace.Level.COUNT).machine().fabric()
            .function(0x300);

    private static ErrorLines lines(String version) {
        return new ErrorLines(KernelVersion.parse(version));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "6.1  | false | Corrected error received: 0000:02:00.0",
        "6.1  | true  | Multiple Corrected error received: 0000:02:00.0",
        "6.12 | false | Correctable error message received from 0000:02:00.0"})
    void thePortTellsAsItsVersionDoes(String version, boolean several, String words) {
        assertThat(lines(version).received(function, several, Severity.CORRECTABLE, 0x200))
                .isEqualTo("pcieport 0000:03:00.0: AER: " + words);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "CORRECTABLE | 0x1      | Physical Layer, (Receiver ID)",
        "CORRECTABLE | 0x1000   | Data Link Layer, (Transmitter ID)",
        "CORRECTABLE | 0x2000   | Transaction Layer, (Receiver ID)",
        "NON_FATAL   | 0x100000 | Transaction Layer, (Requester ID)",
        "NON_FATAL   | 0x8000   | Transaction Layer, (Completer ID)",
        "FATAL       | 0x10     | Data Link Layer, (Receiver ID)",
        "FATAL       | 0        | Inaccessible, (Unregistered Agent ID)"})
    void layerAndAgentFollowFromTheStatus(Severity severity, String status, String words) {
        assertThat(lines("6.1").detected(function, severity, Integer.decode(status), 0, -1, null))
                .first().asString().endsWith("type=" + words);
    }

    @Test
    void eachErrorHasItsLineAndTheFirstIsMarked() {
        assertThat(lines("6.1").detected(function, Severity.FATAL, 0x4_4000, 0x4000, 18,
                new int[] {0x60000001, 0x03000000, 0, 0x1000})).containsExactly(
                "pci 0000:03:00.0: PCIe Bus Error: severity=Uncorrected (Fatal),"
                        + " type=Transaction Layer, (Requester ID)",
                "pci 0000:03:00.0:   device [1b36:000d] error status/mask=00044000/00004000",
                "pci 0000:03:00.0:    [18] MalfTLP                (First)",
                "pci 0000:03:00.0: AER:   TLP Header: 60000001 03000000 00000000 00001000");
    }
}
