// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios.trial;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.Access;
import iommu.api.unit.MappingVisitor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.experiment.Hardware;

/**
 * A leaf of a unit's tables.
 *
 * @param requester id that requests carry
 * @param domain number of the entry that points to the table
 * @param access bits of {@link Access}
 */
public record Mapping(int requester, int domain, long iova, long physicalAddress, long bytes,
        int access) {

    /** Most leaves that are looked at: tables that all lead to one page have no end of them. */
    private static final int MOST = 1 << 19;

    /** Ends an enumeration. */
    private static final class EnoughException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        EnoughException() {
            super("enough", null, false, false);
        }
    }

    /**
     * Returns all that the units of a machine map now, up to half a million leaves; those that pass
     * unchanged are left out.
     */
    public static List<Mapping> all(Hardware hardware) {
        var found = new ArrayList<Mapping>();
        var rows = new MappingVisitor() {
            @Override
            public void mapping(int requester, int domainId, long iova, long physicalAddress,
                    long bytes, int access) {
                if (found.size() == MOST) {
                    throw new EnoughException();
                }
                found.add(new Mapping(requester, domainId, iova, physicalAddress, bytes, access));
            }

            @Override
            public void passThrough(int requester, int domainId) { }
        };
        try {
            hardware.units().forEach(unit -> unit.mappings(rows));
        } catch (EnoughException e) {
            return found;
        }
        return found;
    }

    /** Returns whether an address of the device's side lies in it. */
    public boolean holds(int alias, long address) {
        return requester == alias && address >= iova && address - iova < bytes;
    }

    /** Returns where an address that it holds leads. */
    public long target(long address) {
        return physicalAddress + address - iova;
    }

    /** Returns whether one of its addresses, of whichever side, lies in a range. */
    public boolean meets(AddressRange range) {
        return meets(range, iova) || meets(range, physicalAddress);
    }

    /** Returns whether a unit, caches and all, would still let a request for it reach its page. */
    public boolean leads(Hardware hardware) {
        RemappingUnit unit = hardware.units().get(hardware.description().unitOf(requester));
        long answer = unit.follow(requester, -1, iova,
                (access & Access.READ) != 0 ? Access.READ : Access.WRITE,
                (structure, address, words, fields, decision) -> { });
        return !Translation.isBlocked(answer) && !Translation.isUntranslated(answer)
                && Translation.address(answer) == physicalAddress;
    }

    private boolean meets(AddressRange range, long start) {
        return start < range.end() && start + bytes > range.start();
    }
}
