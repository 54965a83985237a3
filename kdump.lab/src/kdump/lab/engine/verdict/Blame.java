// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

import java.util.ArrayList;
import java.util.List;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.run.PolicySession;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;

/**
 * Names the bundle at fault by the stack at which something went wrong: the innermost code that is
 * neither the platform's, nor of the API, nor what the engine hands out. If that is the engine
 * itself, nobody else is to blame. Thread-safe.
 */
public final class Blame {

    private static final String API = "iommu.api.";
    private static final String ENGINE = "kdump.lab.engine.";
    /** What strangers call: what they pass to it is theirs. */
    private static final List<String> HANDED_OUT = List.of("kernel.EngineKernelPort",
            "kernel.EngineDriverPort", "kernel.ControllerPort", "kernel.Kernel",
            "kernel.PageAllocator", "machine.ControllerInputs", "machine.DeviceSlot",
            "machine.MediaStore", "run.ReservationNotes", "steps.KernelView");

    private final List<Class<?>> strangers = new ArrayList<>();
    private final PolicySession policy;

    Blame(Services services, PolicySession policy) {
        this.policy = policy;
        services.vendors().values().forEach(v -> strangers.add(v.getClass()));
        services.models().forEach(m -> strangers.add(m.getClass()));
        services.handovers().values().forEach(h -> strangers.add(h.getClass()));
        services.waysToMap().forEach(w -> strangers.add(w.getClass()));
        strangers.add(services.fabric().getClass());
        strangers.add(services.rootComplex().getClass());
        if (services.interruptControllers() != null) {
            strangers.add(services.interruptControllers().getClass());
        }
        Class<?> decider = policy.policyClass();
        if (decider != null) {
            strangers.add(decider);
        }
    }

    /**
     * Returns who is at fault.
     *
     * @param otherwise returned if it is nobody but the engine
     */
    String of(StackTraceElement[] stack, String otherwise) {
        for (StackTraceElement frame : stack) {
            String name = frame.getClassName();
            if (isNobodys(frame)) {
                continue;
            }
            Class<?> stranger = owner(name);
            if (stranger != null) {
                return name(stranger);
            }
            if (name.startsWith(ENGINE)) {
                return otherwise;
            } // a library: whoever called it is at fault
        }
        return otherwise;
    }

    /**
     * Returns whether code is the platform's, the API's, or what strangers are handed: what they
     * pass to it is theirs.
     */
    public static boolean isNobodys(StackTraceElement frame) {
        String name = frame.getClassName();
        return frame.getModuleName() != null && frame.getModuleName().startsWith("java.")
                || name.startsWith(API)
                || HANDED_OUT.stream().anyMatch(n -> name.equals(ENGINE + n));
    }

    /** Returns the stranger in whose bundle a class is. */
    private Class<?> owner(String className) {
        for (Class<?> stranger : strangers) {
            try {
                Class<?> found =
                        Class.forName(className, false, stranger.getClassLoader());
                if (found.getClassLoader() == stranger.getClassLoader()
                        && samePlace(found, stranger)) {
                    return stranger;
                }
            } catch (ClassNotFoundException | LinkageError e) {
                continue; // of another bundle
            }
        }
        return null;
    }

    /** Outside a framework all have one loader: there it counts where the code came from. */
    private static boolean samePlace(Class<?> found, Class<?> stranger) {
        return FrameworkUtil.getBundle(stranger) != null
                || place(found).equals(place(stranger));
    }

    private static String place(Class<?> type) {
        return String.valueOf(type.getProtectionDomain().getCodeSource());
    }

    private String name(Class<?> stranger) {
        Bundle bundle = FrameworkUtil.getBundle(stranger);
        String where = bundle == null ? stranger.getName()
                : "bundle " + bundle.getSymbolicName() + " " + bundle.getVersion();
        return stranger == policy.policyClass() ? policy.culprit() : where;
    }
}
