// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import iommu.api.trace.Trace;

/**
 * Room that runs on one memory use one after the other, so that each allocates little.
 *
 * @param trace what is recorded
 * @param media what reached media
 */
public record RunStorage(Trace trace, MediaStore media) {

    /** Makes it, empty. */
    public RunStorage() {
        this(new Trace(), new MediaStore());
    }
}
