// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import iommu.api.sim.EventQueue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import kdump.lab.api.BundleGoneException;
import kdump.lab.api.InterruptedRunException;
import kdump.lab.api.LabException;
import kdump.lab.engine.machine.Presence;
import kdump.lab.engine.run.Thrown;

/**
 * The services that one command, or one live machine, holds: each from when it is asked for until
 * this is closed. What has come since is not among them; what has gone is told. Thread-safe.
 */
final class Holding implements Presence, AutoCloseable {

    private static final String ENGINE_GONE = "the engine of the lab was withdrawn";
    /** Loaded while it can be: once this bundle has gone, no more of its classes are. */
    private static final Class<?> FAILURE = BundleGoneException.class;

    private final BooleanSupplier engineIsGone;
    private final CallWatch watch;
    private final List<Held<?>> all = Collections.synchronizedList(new ArrayList<>());
    /** Guarded by this. */
    private final List<Held<?>> opened = new ArrayList<>();
    /** Guarded by this. */
    private boolean isClosed;
    private final Map<Object, Held<?>> byService =
            Collections.synchronizedMap(new IdentityHashMap<>());

    private final WorkProgress progress = new WorkProgress();
    private volatile Offer<?> asked;

    /**
     * Makes one that holds nothing.
     *
     * @param engineIsGone tells whether the bundle that all this is for is there no more
     * @param patienceNanos how long strangers' code may get nowhere
     */
    Holding(BooleanSupplier engineIsGone, long patienceNanos) {
        this.engineIsGone = engineIsGone;
        this.watch = new CallWatch(patienceNanos, stack -> culprits().of(stack), progress);
    }

    /** Holds all services of a kind that are offered now; returns them, best first. */
    <T> List<T> all(Whiteboard<T> board) {
        var services = new ArrayList<T>();
        for (Offer<T> offer : board.ranked()) {
            T service = hold(offer);
            if (service != null) {
                services.add(service);
            }
        }
        return services;
    }

    /** Holds the best service of a kind; null if there is none. */
    <T> T best(Whiteboard<T> board) {
        for (Offer<T> offer : board.ranked()) {
            T service = hold(offer);
            if (service != null) {
                return service;
            }
        }
        return null;
    }

    /** Holds all services of a kind; returns the best of each name. One without a name is none. */
    <T> Map<String, T> byName(Whiteboard<T> board) {
        var named = new TreeMap<String, T>();
        for (T service : all(board)) {
            String name = board.name(service);
            if (name != null) {
                named.putIfAbsent(name, service);
            }
        }
        return named;
    }

    /**
     * Holds one service; returns null if it has gone, or cannot be made. So it is once this is
     * closed, for work that was left behind and goes on after all.
     */
    <T> T hold(Offer<T> offer) {
        Held<T> held = ask(offer);
        T service = held.service();
        synchronized (this) {
            if (service == null || isClosed) {
                held.close();
                return null;
            }
            all.add(held);
            byService.put(service, held);
        }
        return service;
    }

    /** Gets a service that somebody may let go of before this is closed; at the latest then. */
    <T> Held<T> open(Offer<T> offer) {
        Held<T> held = ask(offer);
        synchronized (this) {
            opened.removeIf(Held::isClosed);
            opened.add(held);
            if (isClosed) {
                held.close();
            }
        }
        return held;
    }

    private <T> Held<T> ask(Offer<T> offer) {
        asked = offer;
        try {
            return offer.hold();
        } finally {
            asked = null;
        }
    }

    /** Does some work, guarded, that calls what offers a service which is held elsewhere. */
    <T> T guard(Offer<?> called, Work<T> work) throws LabException {
        asked = called;
        try {
            return guard(work);
        } finally {
            asked = null;
        }
    }

    @Override
    public String withdrawn(Object service) {
        if (engineIsGone.getAsBoolean()) {
            return ENGINE_GONE;
        }
        Held<?> held = byService.get(service);
        return held != null && held.isWithdrawn() ? words(held) : null;
    }

    /** Returns what of all that is held was withdrawn, in words; null if all is there. */
    String withdrawn() {
        for (Held<?> held : List.copyOf(all)) {
            if (held.isWithdrawn()) {
                return words(held);
            }
        }
        return withdrawn(null);
    }

    /** Some work with what is held. */
    interface Work<T> {
        /** Returns what comes of it. */
        T done() throws LabException;
    }

    /** Returns what is told of how work gets on. */
    WorkProgress progress() {
        return progress;
    }

    @Override
    public void began(EventQueue queue) {
        progress.began(queue);
    }

    /**
     * Does some work with what is held, on a thread that is left behind if a stranger's code does
     * not come back. What throws after something of it has gone is no bug of the lab, nor is what
     * the code of a stranger throws.
     *
     * @throws LabException if a bundle is broken: it names it
     * @throws BundleGoneException if it failed because something was withdrawn, or the engine was
     * @throws InterruptedRunException if this thread was interrupted
     */
    <T> T guard(Work<T> work) throws LabException {
        try {
            T result = watch.done(work::done);
            if (!engineIsGone.getAsBoolean()) {
                return result;
            }
        } catch (LabException e) {
            throw e;
        } catch (Throwable e) { // strangers throw whatever they like
            String gone = withdrawn();
            if (gone != null && !(e instanceof OutOfMemoryError)) {
                throw new BundleGoneException(gone + " meanwhile", e);
            }
            String broken = culprits().words(e);
            if (broken == null) {
                throw CallWatch.unchecked(e);
            }
            throw new LabException(broken, e);
        }
        throw new BundleGoneException(ENGINE_GONE + " meanwhile", null);
    }

    /** Returns the bundle whose code has thrown something, in words; null if it is ours. */
    String culprit(Throwable thrown) {
        return culprits().of(Thrown.stack(thrown));
    }

    private Culprit culprits() {
        return new Culprit(List.copyOf(all), asked);
    }

    private static String words(Held<?> held) {
        Offer<?> offer = held.offer();
        return offer.provider() + ", the " + offer.kind() + ", was withdrawn";
    }

    @Override
    public void close() {
        synchronized (this) {
            isClosed = true;
        }
        List.copyOf(all).forEach(Held::close);
        opened.forEach(Held::close);
    }
}
