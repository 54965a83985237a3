// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.qtest.differ.QemuProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Devices that cannot be: the words are those of QEMU, which is asked where it is at hand. */
class DeviceArgumentsTest {

    private static final String IN_USE = "PCI: slot %s not available for edu, in use by %s";

    /** Devices, a bar between two; then what is wrong with the last one. */
    static List<String[]> wrong() {
        return List.of(
                row("edu,addr=5|edu,addr=05.0",
                        String.format(IN_USE, "5 function 0", "edu,id=(null)")),
                row("edu,addr=5,id=a|edu,addr=5",
                        String.format(IN_USE, "5 function 0", "edu,id=a")),
                row("edu,addr=0", String.format(IN_USE, "0 function 0", "mch,id=(null)")),
                row("edu,addr=1f.3", String.format(IN_USE, "31 function 3", "ICH9-SMB,id=(null)")),
                row("amd-iommu|edu,addr=1",
                        String.format(IN_USE, "1 function 0", "AMDVI-PCI,id=(null)")),
                row("edu,addr=5.1|edu,addr=5.0", "PCI: 5.0 indicates single function, but 5.1 is "
                        + "already populated."),
                row("edu,addr=1d.1|amd-iommu|edu,addr=1d",
                        "PCI: 1d.0 indicates single function, but 1d.1 is already populated."),
                row("edu,addr=15.0|edu,addr=15.1",
                        "PCI: single function device can't be populated in function 15.1"),
                row("edu,bus=rp", "Bus 'rp' not found"),
                row("edu,id=e|edu,bus=e", "Bus 'e' not found"),
                row("edu,addr=0x20", "Property 'edu.addr' doesn't take value '0x20'"),
                row("edu,addr=5.8", "Property 'edu.addr' doesn't take value '5.8'"),
                row("edu,addr=5.", "Property 'edu.addr' doesn't take value '5.'"),
                row("edu,foo=1", "Property 'edu.foo' not found"),
                row("edu,dma_mask=x", "Parameter 'dma_mask' expects integer"),
                row("edu,multifunction=x", "Parameter 'multifunction' expects 'on' or 'off'"),
                row("nvme", "serial property not set"),
                row("nvme,drive=x,serial=a", "Property 'nvme.drive' can't find value 'x'"),
                row("nvme,serial=a,foo=1", "Property 'nvme.foo' not found"),
                row("nvme,serial=a,max_ioqpairs=x", "Parameter 'max_ioqpairs' expects integer"),
                row("e1000e,netdev=x", "Property 'e1000e.netdev' can't find value 'x'"),
                row("e1000e,mac=1", "Property 'e1000e.mac' doesn't take value '1'"),
                row("e1000e,serial=1", "Property 'e1000e.serial' not found"),
                row("ide-hd,drive=x", "Property 'ide-hd.drive' can't find value 'x'"),
                row("ide-hd", "No drive specified"),
                row("ide-hd,bus=ide.9", "Bus 'ide.9' not found"),
                row("foo", "'foo' is not a valid device model name"),
                row("pcie-root-port,id=a|pcie-root-port,id=b",
                        "Can't add chassis slot, error -16"),
                row("pcie-root-port,id=a|ioh3420,id=a,chassis=2", "Duplicate ID 'a' for device"),
                row("pcie-root-port,chassis=256", "Parameter 'chassis' expects uint8_t"),
                row("pcie-root-port,slot=65536", "Parameter 'slot' expects uint16_t"),
                row("pci-bridge,id=b", "Bridge chassis not specified. Each bridge is required to "
                        + "be assigned a unique chassis id > 0."),
                row("intel-iommu|amd-iommu", "QEMU does not support multiple vIOMMUs for x86 yet."),
                row("intel-iommu,aw-bits=57", "Supported values for aw-bits are: 39, 48"),
                row("intel-iommu,aw-bits=300", "Parameter 'aw-bits' expects uint8_t"),
                row("intel-iommu,intremap=yes", "Parameter 'intremap' does not accept value 'yes'"),
                row("intel-iommu,pt=2", "Parameter 'pt' expects 'on' or 'off'"),
                row("intel-iommu,x-pasid-mode=on", "Need to set scalable mode for PASID"),
                row("intel-iommu,x-scalable-mode=on,dma-drain=off",
                        "Need to set dma_drain for scalable mode"),
                row("intel-iommu,x-pasid-mode=on,x-scalable-mode=on,device-iotlb=on",
                        "PASID based device IOTLB is not supported"),
                row("intel-iommu,eim=on", "eim=on requires accel=kvm,kernel-irqchip=split"),
                row("intel-iommu,eim=on,intremap=off",
                        "eim=on cannot be selected without intremap=on"),
                row("intel-iommu,addr=3", "Property 'intel-iommu.addr' not found"),
                row("amd-iommu,foo=3", "Property 'amd-iommu.foo' not found"));
    }

    private static String[] row(String devices, String why) {
        return new String[] {devices, why};
    }

    private static List<String> options(String devices) {
        var options = new ArrayList<String>();
        for (String device : devices.split("\\|")) {
            options.addAll(List.of("-device", device));
        }
        return options;
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void lastDeviceIsRefusedInTheWordsOfQemu(String devices, String why) throws Exception {
        List<String> options = options(devices);
        String last = options.get(options.size() - 1);
        assertThatThrownBy(() -> MachineOptions.parse(options, Path.of("")))
                .isInstanceOf(LabException.class).hasMessage("-device " + last + ": " + why);
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void qemuSaysTheSame(String devices, String why) throws Exception {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
        assertThat(QemuProcess.refusal(options(devices))).endsWith(": " + why);
    }

    @Test
    void everySlotTakesOneDevice() throws Exception {
        var options = new ArrayList<String>();
        for (int i = 0; i < 30; i++) {
            options.addAll(List.of("-device", "edu"));
        }
        assertThat(MachineOptions.parse(options, Path.of("")).slots()).last()
                .satisfies(s -> assertThat(s.place()).isEqualTo(0x1e << 3));
        options.addAll(List.of("-device", "edu"));
        assertThatThrownBy(() -> MachineOptions.parse(options, Path.of(""))).hasMessageContaining(
                "PCI: no slot/function available for edu, all in use or reserved");
    }

    @Test
    void busesAreNamedByTheirBridges() throws Exception {
        List<FunctionSlot> slots = MachineOptions.parse(options("pcie-root-port,id=rp,addr=3.1"
                + "|x3130-upstream,id=up,bus=rp|xio3130-downstream,id=down,bus=up,chassis=1"
                + "|edu,bus=down|edu,bus=down|edu,bus=rp"), Path.of("")).slots();
        assertThat(slots).extracting(s -> s.kind().model() + " " + s.bus() + " " + s.place())
                .endsWith("pcie-root-port -1 25", "x3130-upstream 4 0", "xio3130-downstream 5 0",
                        "edu 6 0", "edu 6 8", "edu 4 8");
    }
}
