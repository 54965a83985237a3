// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ats;

import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.TranslationCompletion;
import java.util.Arrays;
import java.util.Set;

/**
 * A device's way to memory through its translation cache. While the services of its function are
 * on, an address is translated once and memory is then reached by translated requests; otherwise
 * requests go as they are. Where nothing is granted, nothing is sent: the device treats the access
 * as failed. Allocates nothing per request. One thread.
 *
 * <p>Options: {@value #ENTRIES}, ranges that the cache holds, 64; {@value #ANSWER_NANOS}, how long
 * the device takes to answer an invalidation request, 0 at once, -1 never; {@value #FROM_NANOS},
 * the instant from which on that is so, the crash if nothing is asked, before it answers at once;
 * {@value #KEPT_OVER_RESET}, 1 if
 * a reset by the device's own register leaves the cache alone, default 0 (a reset of the function
 * never does); {@value #OFF_AFTER_REFUSAL}, 1 if the device, refused a translation by Unsupported
 * Request, forgets all translations and asks for no more until the services are switched off and
 * on, default 1; 0 if it asks again each time. The last two are uncertain.
 *
 * <p>A device that answers late uses what it holds until it answers, at the latest instant that is
 * allowed. One that never answers drops nothing.
 *
 * <p>Source: PCI Express Base Specification, "Address Translation Services".
 */
public final class TranslatedDma implements DmaPort {

    /** Option: ranges that the cache holds. */
    public static final String ENTRIES = "ats.entries";
    /** Option: nanoseconds from an invalidation request to its answer. */
    public static final String ANSWER_NANOS = "ats.answerNanos";
    /** Option: the instant from which on answers take so long. */
    public static final String FROM_NANOS = "ats.fromNanos";
    /** Option: whether a reset of the device, not of the function, leaves the cache alone. */
    public static final String KEPT_OVER_RESET = "ats.keptOverReset";
    /** Option: whether a refusal ends all requests for translations. */
    public static final String OFF_AFTER_REFUSAL = "ats.offAfterRefusal";
    /** All options. */
    public static final Set<String> OPTIONS =
            Set.of(ENTRIES, ANSWER_NANOS, FROM_NANOS, KEPT_OVER_RESET, OFF_AFTER_REFUSAL);

    private static final int DEFAULT_ENTRIES = 64;
    private static final int NEVER = -1;
    private static final int UNTRANSLATED = -2;
    private static final int DENIED = -3;
    private static final int PAGE_MASK = -4096;
    /** An invalidation tag has five bits, so no more requests can be open. */
    private static final int TAGS = 32;
    private static final int NO_PASID = -1;

    private final DeviceContext context;
    private final DmaPort port;
    private final TranslationCache cache;
    private final long answerNanos;
    private final long fromNanos;
    private final boolean keptOverReset;
    private final boolean offAfterRefusal;
    private final Runnable answer = this::answerDue;
    private final long[] due = new long[TAGS];
    private final long[] addresses = new long[TAGS];
    private final int[] shifts = new int[TAGS];
    private final int[] pasids = new int[TAGS];
    private int open;
    private boolean refused;

    /**
     * Makes the way of one device.
     *
     * @throws IllegalArgumentException if an option is out of range
     */
    public TranslatedDma(DeviceContext context) {
        this.context = context;
        port = context.dma();
        cache = new TranslationCache(context.option(ENTRIES, DEFAULT_ENTRIES));
        answerNanos = context.option(ANSWER_NANOS, 0);
        fromNanos = context.option(FROM_NANOS, context.option(DeviceContext.CRASH_NANOS, 0));
        keptOverReset = context.option(KEPT_OVER_RESET, 0) != 0;
        offAfterRefusal = context.option(OFF_AFTER_REFUSAL, 1) != 0;
        if (answerNanos < NEVER) {
            throw new IllegalArgumentException(ANSWER_NANOS + " = " + answerNanos);
        }
    }

    // ---- requests -------------------------------------------------------------------------------

    @Override
    public CompletionStatus read(long address, byte[] to, int offset, int bytes) {
        int slot = slot(address, Access.READ);
        if (slot == UNTRANSLATED) {
            return port.read(address, to, offset, bytes);
        }
        if (slot == DENIED) {
            Arrays.fill(to, offset, offset + bytes, (byte) 0xff);
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        return port.readTranslated(cache.translate(slot, address), address, to, offset, bytes);
    }

    @Override
    public CompletionStatus write(long address, byte[] from, int offset, int bytes) {
        int slot = slot(address, Access.WRITE);
        if (slot == UNTRANSLATED) {
            return port.write(address, from, offset, bytes);
        }
        return slot == DENIED ? CompletionStatus.UNSUPPORTED_REQUEST
                : port.writeTranslated(cache.translate(slot, address), address, from, offset,
                        bytes);
    }

    @Override
    public Interrupts interrupts() {
        return port.interrupts();
    }

    /** Returns the slot to access through, asking for a translation if none is held. */
    private int slot(long address, int access) {
        if (refused || !port.translationEnabled()) {
            return UNTRANSLATED;
        }
        int slot = cache.find(address);
        if (slot == TranslationCache.NONE || !cache.permits(slot, access)) {
            slot = ask(address, access);
        }
        return slot >= 0 && cache.untranslatedOnly(slot) ? UNTRANSLATED : slot;
    }

    private int ask(long address, int access) {
        long completion = port.translationRequest(address & PAGE_MASK, Access.READ | access);
        if (completion == TranslationCompletion.unsupportedRequest()) {
            if (offAfterRefusal) {
                refused = true;
                cache.clear();
            }
            return UNTRANSLATED;
        }
        if (!TranslationCompletion.isSuccess(completion)) {
            return DENIED;
        }
        int slot = cache.fill(address, completion);
        return slot >= 0 && cache.permits(slot, access) ? slot : DENIED;
    }

    // ---- invalidation ---------------------------------------------------------------------------

    /**
     * Takes an invalidation request, as {@link iommu.api.pcie.Device#invalidate} does. Requests are
     * sent one at a time here, so none that uses an old translation is on its way.
     */
    public boolean invalidate(int pasid, long address, int shift, int tag) {
        if (answerNanos == 0 || context.nanos() < fromNanos) {
            drop(pasid, address, shift);
            return true;
        }
        if (answerNanos != NEVER) {
            due[tag] = context.nanos() + answerNanos;
            addresses[tag] = address;
            shifts[tag] = shift;
            pasids[tag] = pasid;
            open |= 1 << tag;
            context.schedule(answerNanos, answer);
        }
        return false;
    }

    /** No translation here has a PASID. */
    private void drop(int pasid, long address, int shift) {
        if (pasid == NO_PASID) {
            cache.invalidate(address, shift);
        }
    }

    private void answerDue() {
        for (int left = open; left != 0; left &= left - 1) {
            int tag = Integer.numberOfTrailingZeros(left);
            if (due[tag] <= context.nanos()) {
                answer(tag);
            }
        }
    }

    private void answer(int tag) {
        drop(pasids[tag], addresses[tag], shifts[tag]);
        open &= ~(1 << tag);
        port.invalidationCompleted(tag);
    }

    // ---- switches and resets --------------------------------------------------------------------

    /** Follows {@link iommu.api.pcie.Device#translationEnabled}: open requests are answered. */
    public void enabled(boolean on) {
        refused = false;
        if (!on) {
            cache.clear();
            while (open != 0) {
                answer(Integer.numberOfTrailingZeros(open));
            }
        }
    }

    /** Forgets all, as a reset of the function does: open requests are never answered. */
    public void resetFunction() {
        cache.clear();
        open = 0;
        refused = false;
    }

    /** Does what a reset by the device's own register does. */
    public void resetDevice() {
        if (!keptOverReset) {
            cache.clear();
            refused = false;
        }
    }

    /** Returns how many translations are held. */
    public int held() {
        return cache.size();
    }
}
