// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;

/** A request on its way through a unit; one object a unit, refilled so that none is allocated. */
final class Request {

    /** It carries no PASID. */
    static final int NO_PASID = -1;

    /** Id that it carries, segment included. */
    int requester;
    /** Bus, device and function of that id. */
    int source;
    /** PASID that it carries, or {@link #NO_PASID}. */
    int pasid;
    long address;
    /** {@link Access} bits. */
    int access;

    /** Makes it an untranslated request without PASID; returns it. */
    Request of(int newRequester, long newAddress, int newAccess) {
        requester = newRequester;
        source = RequesterId.sourceId(newRequester);
        pasid = NO_PASID;
        address = newAddress;
        access = newAccess;
        return this;
    }

    boolean writes() {
        return (access & Access.WRITE) != 0;
    }
}
