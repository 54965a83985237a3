// SPDX-License-Identifier: Apache-2.0
package kdump.importers.lspci;

import java.util.Locale;
import java.util.Map;

/** What lspci calls classes of devices that one meets. Source: the PCI ID list, "Class codes". */
final class ClassNames {

    private static final Map<String, Integer> CODES = Map.ofEntries(
            Map.entry("scsi storage controller", 0x0100), Map.entry("ide interface", 0x0101),
            Map.entry("raid bus controller", 0x0104), Map.entry("sata controller", 0x0106),
            Map.entry("serial attached scsi controller", 0x0107),
            Map.entry("non-volatile memory controller", 0x0108),
            Map.entry("mass storage controller", 0x0180),
            Map.entry("ethernet controller", 0x0200), Map.entry("infiniband controller", 0x0207),
            Map.entry("network controller", 0x0280),
            Map.entry("vga compatible controller", 0x0300), Map.entry("3d controller", 0x0302),
            Map.entry("display controller", 0x0380),
            Map.entry("multimedia video controller", 0x0400),
            Map.entry("multimedia audio controller", 0x0401), Map.entry("audio device", 0x0403),
            Map.entry("multimedia controller", 0x0480), Map.entry("ram memory", 0x0500),
            Map.entry("memory controller", 0x0580), Map.entry("host bridge", 0x0600),
            Map.entry("isa bridge", 0x0601), Map.entry("pci bridge", 0x0604),
            Map.entry("cardbus bridge", 0x0607), Map.entry("bridge", 0x0680),
            Map.entry("serial controller", 0x0700), Map.entry("communication controller", 0x0780),
            Map.entry("pic", 0x0800), Map.entry("sd host controller", 0x0805),
            Map.entry("iommu", 0x0806), Map.entry("system peripheral", 0x0880),
            Map.entry("firewire (ieee 1394)", 0x0c00), Map.entry("usb controller", 0x0c03),
            Map.entry("fibre channel", 0x0c04), Map.entry("smbus", 0x0c05),
            Map.entry("ipmi interface", 0x0c07), Map.entry("serial bus controller", 0x0c80),
            Map.entry("encryption controller", 0x1080), Map.entry("performance counters", 0x1101),
            Map.entry("signal processing controller", 0x1180),
            Map.entry("processing accelerators", 0x1200),
            Map.entry("non-essential instrumentation", 0x1300),
            Map.entry("unassigned class", 0xff00));

    private ClassNames() { }

    /** Returns class and subclass of the name before the first colon; -1 if it is none of these. */
    static int code(String said) {
        int colon = said.indexOf(':');
        return colon < 0 ? -1
                : CODES.getOrDefault(said.substring(0, colon).strip().toLowerCase(Locale.ROOT), -1);
    }
}
