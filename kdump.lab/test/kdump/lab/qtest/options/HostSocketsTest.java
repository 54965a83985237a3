// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sockets, properties of all devices, and versions of QEMU on a command line. */
class HostSocketsTest {

    private static MachineOptions parse(String... arguments) throws LabException {
        return MachineOptions.parse(List.of(arguments), Path.of("/from"));
    }

    @Test
    void whatAClientSaysIsUnderstood() throws Exception {
        HostSockets sockets = parse("-qtest", "unix:/run/q", "-mon", "chardev=c,mode=control",
                "-chardev", "socket,path=m,id=c,server=off", "-audio", "none", "-run-with",
                "exit-with-parent=on").sockets();
        assertThat(sockets.qtest()).isEqualTo(Path.of("/run/q"));
        assertThat(sockets.monitor()).isEqualTo(Path.of("/from/m"));
        assertThat(parse("-qtest", "stdio", "-chardev", "null,id=c", "-mon",
                "chardev=c,mode=control").sockets()).satisfies(s -> {
                    assertThat(s.qtest()).isNull();
                    assertThat(s.monitor()).isNull();
                });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-qtest | tcp:localhost:1 | expected stdio or unix:PATH",
        "-qtest | unix:/q,server=on | expected somebody else to listen",
        "-chardev | socket,path=/m | no id specified", "-chardev | pipe,id=c | expected socket",
        "-chardev | socket,id=c | expected path=",
        "-chardev | socket,id=c,path=/m,server=on | expected somebody else to listen",
        "-mon | chardev=c,mode=control | chardev \"c\" not found",
        "-global | edu.dma_mask=1 | no -device is a 'edu'",
        "-global | edu | expected DRIVER.PROPERTY=VALUE",
        "--hardware | qemu-9 | expected one of qemu-7.2, qemu-10, qemu-11",
        "-machine | pc-q35-9.0 | expected q35"})
    void whatIsNotUnderstoodIsRefusedInWords(String option, String value, String why) {
        assertThatThrownBy(() -> parse(option, value)).isInstanceOf(LabException.class)
                .hasMessageContaining(why).hasMessageNotContaining("\n");
    }

    @Test
    void globalPropertyIsOneOfDevicesThatDoNotNameIt() throws Exception {
        var options = parse("-global", "edu.dma_mask=1", "-global", "edu.dma_mask=2", "-device",
                "edu", "-device", "edu,dma_mask=3", "-global",
                "driver=intel-iommu,property=aw-bits,value=48", "-device", "intel-iommu");
        assertThat(options.slots()).filteredOn(s -> s.kind() == FunctionKind.EDU)
                .extracting(s -> s.properties().get("dma_mask")).containsExactly("2", "3");
        assertThat(options.unit().profile().settings()).containsEntry("hostAddressWidth", 48L);
    }

    @ParameterizedTest
    @CsvSource({"pc-q35-7.2, qemu-7.2, 39", "pc-q35-10.0, qemu-10, 48",
        "pc-q35-11.1, qemu-11, 48"})
    void machineTypeTellsTheVersion(String machine, String profile, long width) throws Exception {
        for (var options : List.of(parse("-machine", machine, "-device", "intel-iommu"),
                parse("--hardware", profile, "--", "-device", "intel-iommu"))) {
            assertThat(options.version().machine()).isEqualTo(machine);
            assertThat(options.unit().profile().name()).isEqualTo(profile);
            assertThat(options.unit().profile().settings())
                    .containsEntry("hostAddressWidth", width);
        }
    }

    @Test
    void emptyBoardHasNoFunctionsAndTakesNoDevice() throws Exception {
        assertThat(parse("-machine", "none").slots()).isEmpty();
        assertThatThrownBy(() -> parse("-machine", "none", "-device", "edu"))
                .hasMessageContaining("No 'PCI' bus found for device 'edu'");
    }
}
