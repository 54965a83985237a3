// SPDX-License-Identifier: Apache-2.0
package iommu.testkit;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.pcie.Upstream.SystemError;
import iommu.api.pcie.Upstream;
import iommu.testkit.Request.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * A root complex without remapping units that records what arrives: addresses are physical, as they
 * are. Without memory it reads as zeros and drops what is written. One thread.
 */
public final class RecordingUpstream implements Upstream {

    /** Answers translation requests. */
    @FunctionalInterface
    public interface Translations {

        /** Returns the answer, see {@link TranslationCompletion}. */
        long answer(long address, int access);
    }

    private final PhysicalMemory memory;
    private final List<Request> requests = new ArrayList<>();
    private final List<Integer> systemErrors = new ArrayList<>();
    private SystemError lastError;
    private final List<String> timeouts = new ArrayList<>();
    private final List<String> pins = new ArrayList<>();
    private CompletionStatus status = CompletionStatus.SUCCESS;
    private Translations translations =
            (address, access) -> TranslationCompletion.unsupportedRequest();
    private AddressRange refused;
    private final BitSet arrived = new BitSet();
    private boolean pinAsserted;
    private boolean recording = true;

    /** Makes one without memory. */
    public RecordingUpstream() {
        this(null);
    }

    /** Makes one before memory; null for none. What is not memory is not supported. */
    public RecordingUpstream(PhysicalMemory memory) {
        this.memory = memory;
    }

    /** Returns what has arrived since the last {@link #clear}, oldest first; a view. */
    public List<Request> requests() {
        return requests;
    }

    /** Returns what {@link #requests} does, each as {@link Request#brief} has it. */
    public List<String> brief() {
        return requests.stream().map(Request::brief).toList();
    }

    /** Returns the root ports that raised a system error, one entry an error; a view. */
    public List<Integer> systemErrors() {
        return systemErrors;
    }

    /** Returns the system error that arrived last; null if none has. */
    public SystemError lastSystemError() {
        return lastError;
    }

    /** Returns the requests that were never answered, such as "256 after 50000000 ns"; a view. */
    public List<String> timeouts() {
        return timeouts;
    }

    /** Returns the pin changes that arrived, such as "28 INTA asserted"; a view. */
    public List<String> pins() {
        return pins;
    }

    /** Forgets what has arrived. */
    public void clear() {
        requests.clear();
        systemErrors.clear();
        lastError = null;
        timeouts.clear();
        pins.clear();
    }

    /** Sets how reads and writes end from now on; but for SUCCESS they move nothing. */
    public void answer(CompletionStatus with) {
        status = with;
    }

    /** Has requests that begin in a range be unsupported from now on; null for none. */
    public void refuse(AddressRange range) {
        refused = range;
    }

    /** Sets how translation requests are answered from now on. */
    public void translations(Translations with) {
        translations = with;
    }

    /**
     * Takes a message to {@link FakeDriverPort#INTERRUPTS} that has arrived since it was asked for
     * last, or a pin that is asserted: for {@link FakeDriverPort#interrupts}.
     */
    public boolean takeInterrupt(int vector) {
        boolean there = arrived.get(vector) || pinAsserted;
        arrived.clear(vector);
        return there;
    }

    /** Says whether to record; without, a request allocates nothing. */
    public void recording(boolean on) {
        recording = on;
    }

    private void record(Kind kind, int function, int alias, long address, long untranslated,
            int value) {
        if (recording) {
            requests.add(new Request(kind, function, alias, address, untranslated, value));
        }
    }

    /** Returns how a request ends. */
    private CompletionStatus outcome(long address, int bytes) {
        boolean reached = (memory == null || memory.contains(address, bytes))
                && (refused == null || !refused.contains(address));
        return status == CompletionStatus.SUCCESS && !reached
                ? CompletionStatus.UNSUPPORTED_REQUEST : status;
    }

    private CompletionStatus fetch(long address, byte[] to, int offset, int bytes) {
        CompletionStatus outcome = outcome(address, bytes);
        if (outcome == CompletionStatus.SUCCESS && memory != null) {
            memory.read(address, to, offset, bytes);
        } else if (outcome == CompletionStatus.SUCCESS) {
            Arrays.fill(to, offset, offset + bytes, (byte) 0);
        }
        return outcome;
    }

    private CompletionStatus store(long address, byte[] from, int offset, int bytes) {
        CompletionStatus outcome = outcome(address, bytes);
        if (outcome == CompletionStatus.SUCCESS && memory != null) {
            memory.write(address, from, offset, bytes);
        }
        return outcome;
    }

    @Override
    public CompletionStatus read(int function, int alias, long address, byte[] to, int offset,
            int bytes) {
        record(Kind.READ, function, alias, address, address, bytes);
        return fetch(address, to, offset, bytes);
    }

    @Override
    public CompletionStatus write(int function, int alias, long address, byte[] from, int offset,
            int bytes) {
        record(Kind.WRITE, function, alias, address, address, bytes);
        if (address == FakeDriverPort.INTERRUPTS) {
            arrived.set(from[offset] & 0xff);
        }
        return store(address, from, offset, bytes);
    }

    @Override
    public void requestTimedOut(int function, long nanos, Runnable detected) {
        timeouts.add(function + " after " + nanos + " ns");
        detected.run();
    }

    @Override
    public void systemError(int port, SystemError error) {
        systemErrors.add(port);
        lastError = error;
    }

    @Override
    public void interruptPin(int function, int pin, boolean asserted) {
        pinAsserted = asserted;
        pins.add(Integer.toHexString(function) + " INT" + (char) ('A' + pin - 1)
                + (asserted ? " asserted" : " deasserted"));
    }

    @Override
    public long translationRequest(int function, int alias, long address, int access) {
        record(Kind.TRANSLATION, function, alias, address, address, access);
        return translations.answer(address, access);
    }

    @Override
    public CompletionStatus readTranslated(int function, int alias, long physicalAddress,
            long untranslated, byte[] to, int offset, int bytes) {
        record(Kind.TRANSLATED_READ, function, alias, physicalAddress, untranslated, bytes);
        return fetch(physicalAddress, to, offset, bytes);
    }

    @Override
    public CompletionStatus writeTranslated(int function, int alias, long physicalAddress,
            long untranslated, byte[] from, int offset, int bytes) {
        record(Kind.TRANSLATED_WRITE, function, alias, physicalAddress, untranslated, bytes);
        return store(physicalAddress, from, offset, bytes);
    }

    @Override
    public void invalidationCompleted(int function, int alias, int tag) {
        record(Kind.INVALIDATION_COMPLETED, function, alias, 0, 0, tag);
    }
}
