// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.pcie.Upstream;
import iommu.api.unit.Interrupt;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.Translation;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;
import kdump.lab.engine.Origins.Origin;

/**
 * Where DMA leaves the fabric: finds the unit that serves a requester, has it translate, and moves
 * the bytes. From the crash on it also notes who wrote what, by asking the units as they stood at
 * the crash, over memory as it was then. One thread.
 *
 * <p>A blocked request is answered UR. Source: VT-d, "Non-Recoverable Address Translation Faults"
 * (reads are completed with an error, writes dropped).
 */
final class HostBridge implements Upstream {

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long INTERRUPT_RANGE = 0xfee0_0000L;
    private static final int NO_PASID = -1;
    private static final long INTERRUPT_MASK = ~0xf_ffffL;

    private final Hardware hardware;
    private final PhysicalMemory memory;
    private final Ledger ledger;
    private final Causes causes = new Causes();
    private Origins origins;
    private Processor processor = (alias, vector) -> { };
    private PhysicalMemory frozen;
    private List<RemappingUnit> unitsAtCrash = List.of();
    private boolean strayHappened;
    private boolean provenance = true;
    private int unitCause;

    HostBridge(Hardware hardware, Ledger ledger) {
        this.hardware = hardware;
        this.memory = hardware.memory();
        this.ledger = ledger;
    }

    /** Marks the crash: from now on requests are judged and writes attributed. */
    void crash(boolean withProvenance) {
        frozen = memory.copy();
        unitsAtCrash = hardware.unitsOver(frozen);
        origins.crash();
        provenance = withProvenance;
        if (provenance) {
            memory.trackCauses();
            unitCause = causes.add(Owner.UNIT, 0, 0, hardware.queue().nanos());
        }
    }

    boolean afterCrash() {
        return frozen != null;
    }

    Causes causes() {
        return causes;
    }

    PhysicalMemory memoryAtCrash() {
        return frozen;
    }

    /** Returns what each function sent since the crash that it had translated itself. */
    List<String> translatedRequests() {
        return origins.translatedRequests();
    }

    /** What takes interrupts. */
    @FunctionalInterface
    interface Processor {

        /** Called for each message that no unit blocks. */
        void interrupt(int alias, int vector);
    }

    /** Has interrupts delivered. */
    void processor(Processor taker) {
        processor = taker;
    }

    /** Learns the functions; called once the fabric stands. */
    void origins(Origins known) {
        origins = known;
    }

    /** Returns whether what a function does now was posted before the crash. */
    boolean isOfBeforeCrash(int function) {
        return afterCrash() && origins.of(function).isOfBeforeCrash();
    }

    void beginRequest(int function) {
        origins.of(function).wrongRequest = false;
    }

    boolean requestWasRight(int function) {
        return !origins.of(function).wrongRequest;
    }

    /** Reads for {@link Device#outstanding}: as at the crash, nothing counted. */
    CompletionStatus readAtCrash(int function, int alias, long address, byte[] to, int offset,
            int bytes) {
        long at = physicalAddressAtCrash(origins.of(function), alias, address, Access.READ);
        if (at == -1 || !frozen.contains(at, bytes)) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        frozen.read(at, to, offset, bytes);
        return CompletionStatus.SUCCESS;
    }

    @Override
    public CompletionStatus read(int function, int alias, long address, byte[] to, int offset,
            int bytes) {
        Origin origin = origins.of(function);
        return read(origin, alias, address, translate(origin, alias, address, Access.READ), to,
                offset, bytes);
    }

    /** Reads where a translation leads; {@code address} is what was translated. */
    private CompletionStatus read(Origin origin, int alias, long address, long translation,
            byte[] to, int offset, int bytes) {
        if (Translation.isBlocked(translation)) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        long at = physicalAddress(translation, address);
        boolean answered = memory.contains(at, bytes);
        if (afterCrash()) {
            judgeRead(origin, alias, address, answered ? at : -1, bytes);
        }
        if (!answered) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        memory.read(at, to, offset, bytes);
        return CompletionStatus.SUCCESS;
    }

    private void judgeRead(Origin origin, int alias, long address, long at, int bytes) {
        if (at != -1) {
            ledger.synthetic(memory.syntheticBytes(at, bytes));
        }
        if (!origin.isOfBeforeCrash()) {
            return;
        }
        boolean right = at != -1
                && at == physicalAddressAtCrash(origin, alias, address, Access.READ)
                && !(strayHappened && holdsStray(at, bytes));
        if (!right) {
            origin.wrongRequest = true;
        }
    }

    private boolean holdsStray(long at, int bytes) {
        for (long a = at; a < at + bytes; a++) {
            if (causes.owner(memory.causeOf(a)) == Owner.STRAY) {
                return true;
            }
        }
        return false;
    }

    @Override
    public CompletionStatus write(int function, int alias, long address, byte[] from, int offset,
            int bytes) {
        Origin origin = origins.of(function);
        if (isInterrupt(address)) {
            return interrupt(origin, alias, address, from, offset, bytes);
        }
        return write(origin, function, alias, address,
                translate(origin, alias, address, Access.WRITE), false, from, offset, bytes);
    }

    /** Writes where a translation leads; {@code address} is what was translated. */
    private CompletionStatus write(Origin origin, int function, int alias, long address,
            long translation, boolean byDevice, byte[] from, int offset, int bytes) {
        if (Translation.isBlocked(translation)) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        long at = physicalAddress(translation, address);
        if (!memory.contains(at, bytes) || !hardware.isWritable(at)) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        int before = memory.cause();
        if (afterCrash() && provenance) {
            Owner owner = judgeWrite(origin, alias, address, at);
            long now = hardware.queue().nanos();
            memory.cause(byDevice ? causes.addTranslated(owner, function, address, now)
                    : causes.add(owner, function, address, now));
        }
        memory.write(at, from, offset, bytes);
        memory.cause(before);
        return CompletionStatus.SUCCESS;
    }

    /** A write into the interrupt range is a message if it has 4 bytes, and an error otherwise. */
    private CompletionStatus interrupt(Origin origin, int alias, long address, byte[] from,
            int offset, int bytes) {
        if (bytes != Integer.BYTES) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        int data = (int) INT.get(from, offset);
        int before = memory.cause();
        memory.cause(unitCause);
        long interrupt = origin.unit < 0 ? Interrupt.unchanged()
                : hardware.units().get(origin.unit).interrupt(alias, address, data);
        memory.cause(before);
        if (Interrupt.isBlocked(interrupt)) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        processor.interrupt(alias, Interrupt.isUnchanged(interrupt) ? data & 0xff
                : Interrupt.vector(interrupt));
        return CompletionStatus.SUCCESS;
    }

    private Owner judgeWrite(Origin origin, int alias, long address, long at) {
        if (!origin.isOfBeforeCrash()) {
            return Owner.CAPTURE_DEVICE;
        }
        if (at == physicalAddressAtCrash(origin, alias, address, Access.WRITE)) {
            return Owner.LATE_LEGITIMATE;
        }
        strayHappened = true;
        return Owner.STRAY;
    }

    // ---- address translation services -----------------------------------------------------------

    @Override
    public long translationRequest(int function, int alias, long address, int access) {
        Origin origin = origins.of(function);
        if (origin.unit < 0) {
            return TranslationCompletion.unsupportedRequest();
        }
        int before = memory.cause();
        memory.cause(unitCause);
        long completion = hardware.units().get(origin.unit).translationRequest(alias, NO_PASID,
                address, access);
        memory.cause(before);
        return completion;
    }

    @Override
    public CompletionStatus readTranslated(int function, int alias, long physicalAddress,
            long untranslated, byte[] to, int offset, int bytes) {
        Origin origin = origins.of(function);
        return read(origin, alias, untranslated,
                translated(origin, alias, physicalAddress, Access.READ), to, offset, bytes);
    }

    @Override
    public CompletionStatus writeTranslated(int function, int alias, long physicalAddress,
            long untranslated, byte[] from, int offset, int bytes) {
        Origin origin = origins.of(function);
        return write(origin, function, alias, untranslated,
                translated(origin, alias, physicalAddress, Access.WRITE), true, from, offset,
                bytes);
    }

    /** Has the unit look at a translated request; without one there is nobody who takes them. */
    private long translated(Origin origin, int alias, long physicalAddress, int access) {
        if (origin.unit < 0) {
            return Translation.blocked(0);
        }
        int before = memory.cause();
        memory.cause(unitCause);
        long outcome = hardware.units().get(origin.unit).translated(alias, NO_PASID,
                physicalAddress, access);
        memory.cause(before);
        if (afterCrash()) {
            origin.translatedRequests++;
            origin.translatedBlocked += Translation.isBlocked(outcome) ? 1 : 0;
        }
        return outcome;
    }

    @Override
    public void invalidationCompleted(int function, int alias, int tag) {
        int unit = hardware.description().unitOf(alias);
        if (unit >= 0) {
            int before = memory.cause();
            memory.cause(unitCause);
            hardware.units().get(unit).invalidationCompleted(alias, tag);
            memory.cause(before);
        }
    }

    @Override
    public void systemError(int port, String gates) {
        if (afterCrash()) {
            ledger.systemError();
        }
    }

    private long translate(Origin origin, int alias, long address, int access) {
        if (origin.unit < 0) {
            return Translation.untranslated();
        }
        int before = memory.cause();
        memory.cause(unitCause);
        long translation = hardware.units().get(origin.unit).translate(alias, address, access);
        memory.cause(before);
        if (afterCrash() && Translation.isUntranslated(translation) && !isInterrupt(address)) {
            ledger.untranslated(alias);
        }
        return translation;
    }

    /** Returns where the tables of the crash sent a request, or -1 if they blocked it. */
    private long physicalAddressAtCrash(Origin origin, int alias, long address, int access) {
        long translation = origin.unit < 0 ? Translation.untranslated()
                : unitsAtCrash.get(origin.unit).translate(alias, address, access);
        return Translation.isBlocked(translation) ? -1 : physicalAddress(translation, address);
    }

    /** Interrupt messages are never translated as memory, translation on or off. */
    private static boolean isInterrupt(long address) {
        return (address & INTERRUPT_MASK) == INTERRUPT_RANGE;
    }

    private static long physicalAddress(long translation, long address) {
        return Translation.isUntranslated(translation) ? address : Translation.address(translation);
    }
}
