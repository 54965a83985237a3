// SPDX-License-Identifier: Apache-2.0
package kdump.importers;

import iommu.api.machine.DriverMemory;
import iommu.api.machine.UnitDescription;
import iommu.api.pcie.FunctionConfig;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Takes a machine of which no memory was captured back to where its first kernel begins, and says
 * what drivers map then, by a rule for each class:
 *
 * <table>
 * <caption>pages of a driver</caption>
 * <tr><th>class</th><th>read and write</th><th>read</th><th>write</th></tr>
 * <tr><td>RAID (0104)</td><td>160</td><td>64</td><td>0</td></tr>
 * <tr><td>other storage (01)</td><td>64</td><td>32</td><td>0</td></tr>
 * <tr><td>network (02), wireless (0d)</td><td>8</td><td>64</td><td>256</td></tr>
 * <tr><td>USB and other serial buses (0c) but SMBus</td><td>32</td><td>0</td><td>0</td></tr>
 * <tr><td>display (03), multimedia (04)</td><td>64</td><td>0</td><td>0</td></tr>
 * <tr><td>encryption, signal processing, accelerators (10 to 12)</td><td>16</td><td>16</td>
 *     <td>0</td></tr>
 * </table>
 */
final class ColdState {

    /** Registers that hardware fixes: version and capabilities; features of AMD-Vi. */
    private static final Map<String, Set<Integer>> FIXED = Map.of(
            "vtd", Set.of(0x00, 0x08, 0x0c, 0x10, 0x14),
            AmdUnitFacts.VENDOR, Set.of(0x30, 0x34, 0x1a0, 0x1a4));

    private static final int COMMAND = 0x04;
    private static final int BUS_MASTER = 4;
    private static final int RAID = 0x0104;
    private static final int SMBUS = 0x0c05;

    private ColdState() { }

    /** Returns the units as they are before a kernel starts them. */
    static List<UnitDescription> units(List<UnitDescription> captured, List<String> remarks) {
        List<UnitDescription> units = new ArrayList<>();
        for (UnitDescription unit : captured) {
            UnitProfile profile = unit.profile();
            Map<Integer, Integer> words = new TreeMap<>(profile.registers());
            words.keySet().retainAll(FIXED.getOrDefault(profile.vendor(), Set.of()));
            if (words.isEmpty()) {
                remarks.add("The unit at 0x" + Long.toHexString(profile.registerBase())
                        + " has the capabilities that are usual here, as nothing tells its own.");
            }
            units.add(unit.withProfile(new UnitProfile(profile.vendor(), profile.name(),
                    profile.registerBase(), words, profile.settings())));
        }
        return units;
    }

    /**
     * Returns what drivers map: those of endpoints whose class does DMA and that were bound.
     *
     * @param seen I/O addresses that functions were seen to use, by requester id
     */
    static List<DriverMemory> memory(List<FunctionConfig> functions,
            Map<Integer, Set<Long>> seen) {
        List<DriverMemory> memory = new ArrayList<>();
        for (FunctionConfig function : functions) {
            int[] pages = pages(function.classCode() >>> 8);
            if (function.headerType() == 0 && pages != null
                    && (function.u16(COMMAND) & BUS_MASTER) != 0) {
                memory.add(new DriverMemory(function.requesterId(), pages[0], pages[1], pages[2],
                        0, seen.getOrDefault(function.requesterId(), Set.of())));
            }
        }
        return memory;
    }

    private static int[] pages(int kind) {
        return switch (kind >>> 8) {
            case 0x01 -> kind == RAID ? new int[] {160, 64, 0} : new int[] {64, 32, 0};
            case 0x02, 0x0d -> new int[] {8, 64, 256};
            case 0x03, 0x04 -> new int[] {64, 0, 0};
            case 0x0c -> kind == SMBUS ? null : new int[] {32, 0, 0};
            case 0x10, 0x11, 0x12 -> new int[] {16, 16, 0};
            default -> null;
        };
    }
}
