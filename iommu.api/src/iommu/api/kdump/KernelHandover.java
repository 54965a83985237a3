// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import iommu.api.profile.KernelProfile;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What kernels do by themselves with units of one vendor when they are booted as capture kernels:
 * the order in which they take interrupts and tables over, by version, command line and build
 * options, all of which the profile says. A service of each vendor's bundle; thread-safe and
 * stateless.
 */
@ConsumerType
public interface KernelHandover {

    /** Returns the name of the units' vendor, such as "vtd". */
    String vendor();

    /**
     * Answers an event as a kernel does that is left alone.
     *
     * @param kernel that runs now: the first one up to T1, then the capture kernel
     * @param event what happens; a refused step is one of this vendor's
     * @param view what the kernel can observe; its list of units has those of other vendors too
     * @return steps, all for units of this vendor; empty for none; never null
     */
    List<Step> decide(KernelProfile kernel, HandoverEvent event, HandoverView view);

    /**
     * Returns whether kernels set units up in passes over all of them, by the code that takes them
     * over: {@link #decide} is asked then, at T4 and at T6, too for a kernel that boots on a
     * machine whose units firmware has left off. Of others, one unit is set up after the other.
     */
    default boolean bootsInPasses() {
        return false;
    }
}
