// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.profile.KernelProfile;
import iommu.api.sim.RandomStream;
import iommu.api.unit.KernelPanicException;

/**
 * What a kernel does after it has panicked, on locks and data of which nobody knows how they are:
 * each act fails at the rate of {@link KernelProfile#CRASH_FAILURES}, drawn from the seed. One that
 * fails is the end. Who does nothing cannot fail. One thread.
 *
 * <p>Source: C. Wright, April 2010 ("any further error means no kdump"); B. Helgaas, as told by J.
 * Roedel in October 2014.
 */
final class CrashPath {

    private static final int PER_MILLE = 1000;

    private final RandomStream random;
    private final long failures;

    CrashPath(KernelProfile panicked, long seed) {
        failures = panicked.setting(KernelProfile.CRASH_FAILURES, 0);
        random = new RandomStream(seed, "crash path");
    }

    /**
     * Goes one act on.
     *
     * @throws KernelPanicException if it fails
     */
    void act(Object what) {
        if (random.nextInt(PER_MILLE) < failures) {
            throw new KernelPanicException("the panicked kernel hangs in its crash path, at "
                    + what + ": no capture kernel starts");
        }
    }
}
