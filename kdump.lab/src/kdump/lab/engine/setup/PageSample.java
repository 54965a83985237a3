// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.pcie.DmaBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Pages in table order; of more than are remembered, every second, every fourth and so on. */
final class PageSample {

    /** Pages remembered for one requester and kind: more than any ring needs. */
    static final int MAX_PAGES = 1024;

    private final List<DmaBuffer> pages = new ArrayList<>();
    private int apart = 1;
    private int seen;

    void add(DmaBuffer page) {
        if (seen++ % apart != 0) {
            return;
        }
        if (pages.size() == MAX_PAGES) {
            for (int i = 0; i < MAX_PAGES / 2; i++) {
                pages.set(i, pages.get(2 * i));
            }
            pages.subList(MAX_PAGES / 2, MAX_PAGES).clear();
            apart *= 2;
            if ((seen - 1) % apart != 0) {
                return;
            }
        }
        pages.add(page);
    }

    List<DmaBuffer> pages() {
        return Collections.unmodifiableList(pages);
    }
}
