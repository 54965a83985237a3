// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import iommu.api.pcie.Message;
import iommu.api.pcie.TranslationCompletion;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A remapping unit: registers for software on one side, translation of requests on the other. It
 * reads its tables from memory as bytes. One thread.
 */
@ConsumerType
public interface RemappingUnit {

    /**
     * Translates one request without PASID that does not cross a 4 KiB boundary. A blocked one is
     * recorded as the hardware does. Allocates nothing unless it blocks.
     *
     * @param requester id that the request carries
     * @param access {@link iommu.api.pcie.Access#READ} or {@link iommu.api.pcie.Access#WRITE}
     * @return packed, see {@link Translation}
     */
    long translate(int requester, long address, int access);

    /**
     * Translates one request that carries a PASID and does not cross a 4 KiB boundary, as
     * {@link #translate(int, long, int)} does.
     *
     * @param pasid 20 bits
     * @param access bits of {@link iommu.api.pcie.Access}: READ or WRITE, to READ perhaps EXECUTE,
     *     and perhaps PRIVILEGED
     * @return packed, see {@link Translation}
     * @throws UnsupportedOperationException if units of this kind are not modelled with PASIDs
     */
    default long translate(int requester, int pasid, long address, int access) {
        throw new UnsupportedOperationException("this unit takes no requests with PASID");
    }

    /**
     * Takes an interrupt message: a write of 4 bytes to 0xFEEx_xxxx. A blocked one is recorded as
     * the hardware does. Units that do not remap interrupts let every message pass.
     *
     * @param requester id that the message carries
     * @return packed, see {@link Interrupt}
     */
    default long interrupt(int requester, long address, int data) {
        return Interrupt.unchanged();
    }

    /**
     * Returns the message that leads to the first entry of the interrupt table that is a
     * requester's alone; null if there is none, or interrupts are not remapped. Reads memory only
     * where something is known to lie.
     */
    default Message firstMessage(int requester) {
        return null;
    }

    /**
     * Answers a translation request of a device. Units that are not modelled with address
     * translation services do not support it.
     *
     * @param pasid 20 bits, or -1 for none
     * @param access READ, and WRITE unless the device says that it will not write; with a PASID
     *     perhaps EXECUTE and PRIVILEGED
     * @return packed, see {@link TranslationCompletion}
     */
    default long translationRequest(int requester, int pasid, long address, int access) {
        return TranslationCompletion.unsupportedRequest();
    }

    /**
     * Takes a request whose address the device says to be translated already. Units that are not
     * modelled with address translation services block it.
     *
     * @param pasid 20 bits, or -1 for none
     * @param physicalAddress as an earlier translation request gave it
     * @return packed, see {@link Translation}: the same address, or blocked
     */
    default long translated(int requester, int pasid, long physicalAddress, int access) {
        return Translation.blocked(0);
    }

    /**
     * Takes a page request of a device. Units that are not modelled with them drop it.
     *
     * @param pasid 20 bits, or -1 for none
     * @param access what the device wants to do there
     * @param group number of the group, 9 bits
     * @param last whether it is the group's last one
     * @return whether it was queued for software
     */
    default boolean pageRequest(int requester, int pasid, long address, int access, int group,
            boolean last) {
        return false;
    }

    /**
     * Returns where a processor's read of memory goes: where it says, as units that have no part in
     * such reads leave it. What is refused is recorded, and told the listener, as the hardware
     * does.
     *
     * @param physicalAddress of a read that does not cross a 4 KiB boundary
     * @return packed, see {@link Translation}: untranslated, another address, or blocked: then the
     *     processor gets all ones
     */
    default long processorRead(long physicalAddress) {
        return Translation.untranslated();
    }

    /** Takes a device's answer to an invalidation request. */
    default void invalidationCompleted(int requester, int tag) { }

    /**
     * Connects the translation caches of devices; until then every invalidation of them is done at
     * once.
     */
    default void deviceTlbs(DeviceTlbs port) { }

    /** Returns whether requests are translated now. */
    boolean translating();

    /** Returns how many bytes of registers there are. */
    default int registerBytes() {
        return 4096;
    }

    /**
     * Returns what software reads from a register.
     *
     * @param bytes 4 or 8; 1 or 2 where the unit takes them
     * @throws IllegalArgumentException if the access leaves the register space
     */
    long readRegister(int offset, int bytes);

    /** Does what a software write to a register does. */
    void writeRegister(int offset, int bytes, long value);

    /**
     * Does the walk of {@link #translate} through the tables in memory, caches left aside and
     * untouched and nothing recorded, and tells each entry.
     *
     * @return packed, see {@link Translation}
     */
    long explain(int requester, long address, int access, WalkListener listener);

    /**
     * Does the walk of {@link #translate(int, int, long, int)} in the same way.
     *
     * @throws UnsupportedOperationException if units of this kind are not modelled with PASIDs
     */
    default long explain(int requester, int pasid, long address, int access,
            WalkListener listener) {
        throw new UnsupportedOperationException("this unit takes no requests with PASID");
    }

    /**
     * Tells what {@link #translate} would do to a request now: the caches, stale or not, are asked
     * as it asks them, and {@link WalkListener#step} tells of each entry what they know. Nothing of
     * the unit or of memory changes. Units that are not modelled with caches tell their tables.
     *
     * @param pasid 20 bits, or -1 for none
     * @return packed, see {@link Translation}: what translate would return
     * @throws UnsupportedOperationException if units of this kind are not modelled with PASIDs
     */
    default long follow(int requester, int pasid, long address, int access,
            WalkListener listener) {
        return pasid < 0 ? explain(requester, address, access, listener)
                : explain(requester, pasid, address, access, listener);
    }

    /**
     * Tells in the same way what {@link #translationRequest} would do. Reading and writing may be
     * tried apart, and entries be told again.
     *
     * @return packed, see {@link TranslationCompletion}
     */
    default long followTranslationRequest(int requester, int pasid, long address, int access,
            WalkListener listener) {
        return TranslationCompletion.unsupportedRequest();
    }

    /**
     * Tells in the same way what {@link #interrupt} would do.
     *
     * @return packed, see {@link Interrupt}
     */
    default long followInterrupt(int requester, long address, int data, WalkListener listener) {
        return Interrupt.unchanged();
    }

    /**
     * Tells every translation in the tables for requests without PASID, by requester, then by
     * iova, and where the tables and queues lie.
     */
    void mappings(MappingVisitor visitor);

    /**
     * Tells every translation in the tables for requests with a PASID in the same way.
     *
     * @param pasid 20 bits
     * @throws UnsupportedOperationException if units of this kind are not modelled with PASIDs
     */
    default void mappings(int pasid, MappingVisitor visitor) {
        throw new UnsupportedOperationException("this unit takes no requests with PASID");
    }

    /**
     * Returns the id under which {@link #mappings} tells the table that translates for a
     * requester: its own, unless requesters share a table because of where they are.
     */
    default int tableOf(int requester) {
        return requester;
    }

    /** Has {@code listener} told what happens; one listener. */
    void listener(UnitListener listener);

    /**
     * Returns what stands for a reason in verdicts and to people.
     *
     * @return a record with requester and address 0
     */
    FaultRecord fault(int reason);

    /** Returns what the root complex does with requests that this unit blocked; not null. */
    default BlockedRequests blockedRequests() {
        return BlockedRequests.QUIET;
    }
}
