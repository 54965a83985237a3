// SPDX-License-Identifier: Apache-2.0
package devices.pcie.root;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.pcie.Upstream;
import iommu.api.trace.DmaOutcome;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import iommu.api.unit.Interrupt;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.RootComplexFactory.Parts;
import iommu.api.unit.RootComplexFactory.Processor;
import iommu.api.unit.Translation;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.function.LongPredicate;

/**
 * Where DMA leaves the fabric: finds the unit that serves a requester, has it translate, and moves
 * the bytes. What it writes, and what the unit writes meanwhile, carries the event as its cause.
 * Allocates nothing per request. One thread.
 *
 * <p>How a blocked request is answered, its unit says.
 */
final class RootComplex implements Upstream {

    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int NO_PASID = -1;
    private static final long BLOCKED_MESSAGE = Long.MIN_VALUE;

    private final PhysicalMemory memory;
    private final RemappingUnit[] units;
    private final UnitIndex index;
    private final LongPredicate writable;
    private final AddressRange messages;
    private final Processor processor;
    private final Trace trace;
    /** Of each unit the event that stands for what it writes; 0 before its first write. */
    private final int[] unitWrites;

    RootComplex(Parts parts) {
        memory = parts.memory();
        units = parts.units().toArray(new RemappingUnit[0]);
        index = new UnitIndex(parts.unitOf());
        writable = parts.writable();
        messages = parts.messages();
        processor = parts.processor();
        trace = parts.trace();
        unitWrites = new int[units.length];
    }

    /** Has what follows done and written by a unit for a function; returns the cause before. */
    private int enter(int unit, int function) {
        int before = memory.cause();
        if (unitWrites[unit] == 0) {
            unitWrites[unit] = trace.append(EventKind.UNIT_WRITES, unit);
        }
        memory.cause(unitWrites[unit]);
        trace.acting(function);
        return before;
    }

    private void leave(int before) {
        memory.cause(before);
        trace.acting(Trace.NOBODY);
    }

    // ---- memory ---------------------------------------------------------------------------------

    @Override
    public CompletionStatus read(int function, int alias, long address, byte[] to, int offset,
            int bytes) {
        int unit = index.of(alias);
        return read(function, unit, address,
                translate(function, unit, alias, address, Access.READ), false, to, offset, bytes);
    }

    /** Reads where a translation leads; {@code address} is what was translated. */
    private CompletionStatus read(int function, int unit, long address, long translation,
            boolean byDevice, byte[] to, int offset, int bytes) {
        boolean blocked = Translation.isBlocked(translation);
        long at = blocked ? 0 : physicalAddress(translation, address);
        boolean answered = !blocked && memory.contains(at, bytes);
        trace.append(EventKind.DMA_READ, function, address, blocked
                ? DmaOutcome.blocked(bytes, byDevice)
                : DmaOutcome.passed(at, bytes, answered, isLetThrough(unit, translation),
                        byDevice));
        if (!answered) {
            return blocked ? blockedRead(unit) : CompletionStatus.UNSUPPORTED_REQUEST;
        }
        memory.read(at, to, offset, bytes);
        return CompletionStatus.SUCCESS;
    }

    @Override
    public CompletionStatus write(int function, int alias, long address, byte[] from, int offset,
            int bytes) {
        if (messages.contains(address)) {
            return message(function, alias, address, from, offset, bytes);
        }
        int unit = index.of(alias);
        return write(function, unit, address,
                translate(function, unit, alias, address, Access.WRITE), false, from, offset,
                bytes);
    }

    /** Writes where a translation leads; {@code address} is what was translated. */
    private CompletionStatus write(int function, int unit, long address, long translation,
            boolean byDevice, byte[] from, int offset, int bytes) {
        boolean blocked = Translation.isBlocked(translation);
        long at = blocked ? 0 : physicalAddress(translation, address);
        boolean answered = !blocked && memory.contains(at, bytes) && writable.test(at);
        int event = trace.append(EventKind.DMA_WRITE, function, address, blocked
                ? DmaOutcome.blocked(bytes, byDevice)
                : DmaOutcome.passed(at, bytes, answered, isLetThrough(unit, translation),
                        byDevice));
        if (!answered) {
            return blocked ? blockedWrite(unit, function, event)
                    : CompletionStatus.UNSUPPORTED_REQUEST;
        }
        int before = memory.cause();
        memory.cause(event);
        memory.write(at, from, offset, bytes);
        memory.cause(before);
        return CompletionStatus.SUCCESS;
    }

    private CompletionStatus blockedRead(int unit) {
        return unit < 0 ? CompletionStatus.UNSUPPORTED_REQUEST
                : units[unit].blockedRequests().readStatus();
    }

    /** Returns SUCCESS if nobody on the way down is to hear of a blocked write. */
    private CompletionStatus blockedWrite(int unit, int function, int event) {
        if (unit < 0) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        switch (units[unit].blockedRequests().writeReport()) {
            case PORT_AER -> {
                return CompletionStatus.UNSUPPORTED_REQUEST;
            }
            case FIRMWARE_FIRST -> {
                int before = trace.enter(event);
                systemError(function, SystemError.FIRMWARE_FIRST);
                trace.leave(before);
            }
            default -> { }
        }
        return CompletionStatus.SUCCESS;
    }

    private long translate(int function, int unit, int alias, long address, int access) {
        if (unit < 0) {
            return Translation.untranslated();
        }
        int before = enter(unit, function);
        long translation = units[unit].translate(alias, address, access);
        leave(before);
        return translation;
    }

    /** Returns whether there is a unit and it left the address as it was. */
    private static boolean isLetThrough(int unit, long translation) {
        return unit >= 0 && Translation.isUntranslated(translation);
    }

    private static long physicalAddress(long translation, long address) {
        return Translation.isUntranslated(translation) ? address : Translation.address(translation);
    }

    // ---- interrupt messages ---------------------------------------------------------------------

    /** A write into the message range is a message if it has 4 bytes, and an error otherwise. */
    private CompletionStatus message(int function, int alias, long address, byte[] from,
            int offset, int bytes) {
        if (bytes != Integer.BYTES) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        int data = (int) INT.get(from, offset);
        int unit = index.of(alias);
        long interrupt = Interrupt.unchanged();
        if (unit >= 0) {
            int before = enter(unit, function);
            interrupt = units[unit].interrupt(alias, address, data);
            leave(before);
        }
        boolean blocked = Interrupt.isBlocked(interrupt);
        int event = trace.append(EventKind.MESSAGE, function, address,
                Integer.toUnsignedLong(data) | (blocked ? BLOCKED_MESSAGE : 0));
        if (blocked) {
            return blockedWrite(unit, function, event);
        }
        int before = trace.enter(event);
        processor.interrupt(alias, interrupt, data);
        trace.leave(before);
        return CompletionStatus.SUCCESS;
    }

    @Override
    public void interruptPin(int function, int pin, boolean asserted) {
        processor.interruptPin(function, pin, asserted);
    }

    @Override
    public void peerToPeer(int function, int alias, int completer, boolean write, long address,
            int bytes, boolean answered, Runnable access) {
        int before = trace.enter(trace.append(write ? EventKind.DMA_WRITE : EventKind.DMA_READ,
                function, address, DmaOutcome.peerToPeer(address, bytes, answered,
                        index.of(alias) >= 0), completer));
        access.run();
        trace.leave(before);
    }

    // ---- address translation services -----------------------------------------------------------

    @Override
    public long translationRequest(int function, int alias, long address, int access) {
        int unit = index.of(alias);
        if (unit < 0) {
            return TranslationCompletion.unsupportedRequest();
        }
        int before = enter(unit, function);
        long completion = units[unit].translationRequest(alias, NO_PASID, address, access);
        leave(before);
        return completion;
    }

    @Override
    public CompletionStatus readTranslated(int function, int alias, long physicalAddress,
            long untranslated, byte[] to, int offset, int bytes) {
        int unit = index.of(alias);
        return read(function, unit, untranslated,
                translated(function, unit, alias, physicalAddress, Access.READ), true, to, offset,
                bytes);
    }

    @Override
    public CompletionStatus writeTranslated(int function, int alias, long physicalAddress,
            long untranslated, byte[] from, int offset, int bytes) {
        int unit = index.of(alias);
        return write(function, unit, untranslated,
                translated(function, unit, alias, physicalAddress, Access.WRITE), true, from,
                offset, bytes);
    }

    /** Has the unit look at a translated request; without one there is nobody who takes them. */
    private long translated(int function, int unit, int alias, long physicalAddress, int access) {
        if (unit < 0) {
            return Translation.blocked(0);
        }
        int before = enter(unit, function);
        long outcome = units[unit].translated(alias, NO_PASID, physicalAddress, access);
        leave(before);
        return outcome;
    }

    @Override
    public void invalidationCompleted(int function, int alias, int tag) {
        int unit = index.of(alias);
        if (unit >= 0) {
            int before = enter(unit, function);
            units[unit].invalidationCompleted(alias, tag);
            leave(before);
        }
    }

    @Override
    public void requestTimedOut(int function, long nanos, Runnable detected) {
        int before = trace.enter(trace.append(EventKind.REQUEST_TIMED_OUT, function, nanos, 0));
        detected.run();
        processor.stalled(function, nanos);
        trace.leave(before);
    }

    @Override
    public void systemError(int reporter, SystemError error) {
        int before = trace.enter(trace.append(EventKind.SYSTEM_ERROR, reporter, 0, 0, error));
        processor.systemError(reporter, error);
        trace.leave(before);
    }
}
