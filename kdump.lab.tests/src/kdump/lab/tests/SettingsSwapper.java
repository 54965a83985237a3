// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import iommu.api.kdump.HandoverPolicy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * Changes the settings of a policy, and adds, changes and takes away variants of it, as a factory
 * configuration does. One thread.
 */
final class SettingsSwapper {
    /** The policy whose own settings change. */
    static final String POLICY = "reset-devices";
    /** The variant that comes and goes. */
    static final String VARIANT = "soaked";
    private static final String OWN_PID = "kdump.policies.resetdevices.ResetDevices";
    private static final String FACTORY_PID = "kdump.policies.resetdevices";
    private static final String SETTING = "resetPhase";
    private static final String STANDARD = "T3";
    private static final List<String> VALUES = List.of("none", "T5b", "T6");
    private static final long PATIENCE_MILLIS = 30_000;
    /** A framework tells listeners after a service has its new properties. */
    private static final long HEARD_MILLIS = 200;

    private final BundleContext context;
    private final ConfigurationAdmin admin;
    private final Random random;
    private Configuration variant;

    SettingsSwapper(BundleContext context, ConfigurationAdmin admin, Random random) {
        this.context = context;
        this.admin = admin;
        this.random = random;
    }

    /** What is asked once per state that the settings can have. */
    interface Question {
        /** Asks it. */
        void ask() throws Exception;
    }

    /** Has a question asked in each state that {@link #swap} leads to. */
    void inEachState(Question question) throws Exception {
        question.ask();
        for (String value : VALUES) {
            own(value);
            vary(value);
            awaitValue(POLICY, value);
            awaitValue(VARIANT, value);
            Thread.sleep(HEARD_MILLIS);
            question.ask();
        }
        reset();
    }

    /** Changes something, at random. */
    void swap() throws IOException {
        switch (random.nextInt(6)) {
            case 0, 1 -> own(VALUES.get(random.nextInt(VALUES.size())));
            case 2 -> admin.getConfiguration(OWN_PID, "?").delete();
            case 3 -> takeAway();
            default -> vary(VALUES.get(random.nextInt(VALUES.size())));
        }
    }

    private void own(String value) throws IOException {
        admin.getConfiguration(OWN_PID, "?").update(new Hashtable<>(Map.of(SETTING, value)));
    }

    private void vary(String value) throws IOException {
        if (variant == null) {
            variant = admin.createFactoryConfiguration(FACTORY_PID, "?");
        }
        variant.update(new Hashtable<>(Map.of(SETTING, value, "kdump.policy.name", VARIANT)));
    }

    private void takeAway() throws IOException {
        if (variant != null) {
            variant.delete();
            variant = null;
        }
    }

    /** Takes all settings back, and waits until that is so. */
    void reset() throws Exception {
        takeAway();
        admin.getConfiguration(OWN_PID, "?").delete();
        awaitValue(POLICY, STANDARD);
        awaitValue(VARIANT);
    }

    /** Waits until the services of a policy have these values, which are as many. */
    private void awaitValue(String policy, String... values) throws Exception {
        long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        while (!values(policy).equals(Arrays.asList(values))) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException(policy + " has " + values(policy) + ", not "
                        + Arrays.toString(values));
            }
            Thread.sleep(2);
        }
    }

    private List<Object> values(String policy) throws InvalidSyntaxException {
        var found = new ArrayList<Object>();
        context.getServiceReferences(HandoverPolicy.class, "(kdump.policy.name=" + policy + ")")
                .forEach(reference -> found.add(reference.getProperty(SETTING)));
        return found;
    }
}
