// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

/**
 * What a page grants, over all levels of the tables that lead to it, and what else its leaf said:
 * the bits below a page address that walks find and the IOTLB keeps. Source: VT-d, "Access Rights".
 */
public final class PageRights {

    /** Rights: {@link iommu.api.pcie.Access} READ, WRITE and, first stage, EXECUTE. */
    public static final int RIGHTS = 7;
    /** Right of user requests, first stage. */
    public static final int USER = 8;
    /** A write needs no dirty bit set any more. */
    public static final int DIRTY = 16;
    /** The leaf went through both stages. */
    public static final int NESTED = 32;
    /** A first-stage leaf says that all processes share the page. */
    public static final int GLOBAL = 64;

    private PageRights() { }
}
