// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import iommu.api.pcie.RequesterId;
import iommu.api.profile.UnitProfile;
import java.util.List;

/**
 * One remapping unit of a machine and the functions it serves.
 *
 * @param profile what the unit is
 * @param segment PCI segment
 * @param allOthers whether it serves every function of the segment that no other unit serves
 * @param scopes the functions it serves by name
 * @param firmware what the firmware's table says of the platform beside its units
 */
public record UnitDescription(UnitProfile profile, int segment, boolean allOthers,
        List<Scope> scopes, FirmwareFlags firmware) {

    /**
     * What the table in which firmware describes a unit says of the platform.
     *
     * @param remapsInterrupts whether the platform can have interrupts remapped
     * @param optsOutOfX2apic whether kernels are asked not to use x2APIC mode
     * @param refusal the line with which kernels refuse the table, and leave all units alone; empty
     *     if they do not
     */
    public record FirmwareFlags(boolean remapsInterrupts, boolean optsOutOfX2apic,
            String refusal) {

        /** Where nothing is said: interrupts can be remapped, x2APIC mode is allowed. */
        public static final FirmwareFlags USUAL = new FirmwareFlags(true, false, "");
    }

    /** Describes a unit of a platform of which nothing is said. */
    public UnitDescription(UnitProfile profile, int segment, boolean allOthers,
            List<Scope> scopes) {
        this(profile, segment, allOthers, scopes, FirmwareFlags.USUAL);
    }

    /**
     * A function, or a bridge with all that lies behind it.
     *
     * @param requester id of the function; for a bridge, of the bridge
     * @param lastBus highest bus behind the bridge; the bridge's own bus for an endpoint
     * @param firstBus lowest bus behind the bridge; greater than {@code lastBus} for an endpoint
     */
    public record Scope(int requester, int firstBus, int lastBus) {

        /** Returns whether requests of {@code requester} belong to this scope. */
        public boolean covers(int other) {
            int bus = RequesterId.bus(other);
            return other == requester || other >>> 16 == requester >>> 16
                    && bus >= firstBus && bus <= lastBus;
        }
    }

    /** Copies the list. */
    public UnitDescription {
        scopes = List.copyOf(scopes);
    }

    /** Returns this unit with another profile. */
    public UnitDescription withProfile(UnitProfile other) {
        return new UnitDescription(other, segment, allOthers, scopes, firmware);
    }

    /** Returns whether this unit names {@code requester} in its scopes. */
    public boolean names(int requester) {
        for (int i = 0; i < scopes.size(); i++) { // asked for each mapping: no stream
            if (scopes.get(i).covers(requester)) {
                return true;
            }
        }
        return false;
    }
}
