// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.service;

import java.util.List;
import kdump.lab.engine.machine.NoAnswerException;
import kdump.lab.engine.run.BrokenException;
import kdump.lab.engine.run.Thrown;
import kdump.lab.engine.verdict.Blame;
import org.osgi.framework.Bundle;
import org.osgi.framework.wiring.BundleWiring;

/**
 * Tells a broken bundle from a bug of the lab where something was thrown outside a run: while a
 * machine is read, put together, booted, or its tables are walked. Immutable.
 *
 * @param held all that was held then
 * @param asked what was just being got; null for nothing
 */
record Culprit(List<Held<?>> held, Offer<?> asked) {

    private static final String ENGINE = "kdump.lab.engine.";

    /** Returns whose fault it is, and what was thrown, one line; null if it is ours. */
    String words(Throwable thrown) {
        if (thrown instanceof OutOfMemoryError) {
            return null;
        }
        if (thrown instanceof NoAnswerException || thrown instanceof BrokenException) {
            return thrown.getMessage();
        }
        String owner = of(Thrown.stack(thrown));
        return owner == null ? null : owner + ", broke: " + Thrown.words(thrown);
    }

    /** Returns whose code is at work, or has thrown something, in words; null if it is ours. */
    String of(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            String name = frame.getClassName();
            if (Blame.isNobodys(frame)) {
                continue;
            }
            if (name.startsWith(ENGINE)) {
                return null;
            }
            String owner = owner(name);
            if (owner != null) {
                return owner;
            } // a library: whoever called it is at fault
        }
        return null;
    }

    private String owner(String className) {
        for (Held<?> one : held) {
            Object service = one.service();
            if (service != null && isOf(className, service.getClass().getClassLoader())) {
                return words(one.offer());
            }
        }
        Offer<?> now = asked;
        return now != null && isOf(className, loader(now.reference().getBundle()))
                ? words(now) : null;
    }

    /** Of a service that is being made there is nothing yet but its bundle. */
    private static ClassLoader loader(Bundle bundle) {
        BundleWiring wiring = bundle == null ? null : bundle.adapt(BundleWiring.class);
        return wiring == null ? null : wiring.getClassLoader();
    }

    private static boolean isOf(String className, ClassLoader loader) {
        try {
            return loader != null
                    && Class.forName(className, false, loader).getClassLoader() == loader;
        } catch (ClassNotFoundException | LinkageError e) {
            return false; // of another bundle
        }
    }

    private static String words(Offer<?> offer) {
        return offer.provider() + ", the " + offer.kind();
    }
}
