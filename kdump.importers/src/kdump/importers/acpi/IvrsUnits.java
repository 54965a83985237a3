// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The units of an IVRS table and the device ids that each serves. Firmware tells one unit in
 * several blocks, for kernels of different age: of those with one register base that with the
 * highest type counts.
 *
 * <p>Source: AMD I/O Virtualization Technology Specification, "I/O Virtualization Hardware
 * Definition (IVHD) Block"; which type counts: Linux, amd/init.c, get_highest_supported_ivhd_type.
 */
public final class IvrsUnits {

    /**
     * Device ids that a unit serves.
     *
     * @param first lowest
     * @param last highest
     */
    public record Ids(int first, int last) { }

    /**
     * A unit.
     *
     * @param block that counts
     * @param allOthers whether it serves what no other unit does
     * @param ids that it serves; I/O APIC and HPET, whose ids no DMA carries, are left out
     */
    public record Unit(IvrsBlock.Ivhd block, boolean allOthers, List<Ids> ids) { }

    private final List<Ids> ids = new ArrayList<>();
    private boolean all;
    private int start = -1;

    private IvrsUnits() { }

    /** Returns the units of a table, by register base. */
    public static List<Unit> of(IvrsTable table) {
        Map<Long, IvrsBlock.Ivhd> best = new TreeMap<>();
        for (IvrsBlock.Ivhd block : table.units()) {
            best.merge(block.registerBase(), block, (a, b) -> b.type() > a.type() ? b : a);
        }
        return best.values().stream().map(IvrsUnits::unit).toList();
    }

    private static Unit unit(IvrsBlock.Ivhd block) {
        var reader = new IvrsUnits();
        for (IvhdEntry entry : block.entries()) {
            if (entry instanceof IvhdEntry.Select select) {
                reader.select(select.type(), select.deviceId());
            } else if (entry instanceof IvhdEntry.Wide wide) {
                reader.select(wide.type(), wide.deviceId());
            } else if (entry instanceof IvhdEntry.Named named) {
                reader.ids.add(new Ids(named.deviceId(), named.deviceId()));
            }
        }
        return new Unit(block, reader.all, List.copyOf(reader.ids));
    }

    /** A range that ends before it starts, or never, is passed over. */
    private void select(int type, int device) {
        switch (type) {
            case IvhdEntry.Select.ALL -> all = true;
            case IvhdEntry.Select.ONE, IvhdEntry.Wide.ALIAS_ONE, IvhdEntry.Wide.EXTENDED_ONE ->
                ids.add(new Ids(device, device));
            case IvhdEntry.Select.START, IvhdEntry.Wide.ALIAS_START,
                    IvhdEntry.Wide.EXTENDED_START -> start = device;
            case IvhdEntry.Select.END -> {
                if (start >= 0 && start <= device) {
                    ids.add(new Ids(start, device));
                }
                start = -1;
            }
            default -> { }
        }
    }
}
