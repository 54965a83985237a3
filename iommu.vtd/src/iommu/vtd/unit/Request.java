// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;

/** A request on its way through a unit; one object a unit, refilled so that none is allocated. */
final class Request {

    /** It carries no PASID. */
    static final int NO_PASID = -1;

    /** Address type: untranslated. */
    static final int UNTRANSLATED = 0;
    /** Address type: a request to translate. */
    static final int TRANSLATION_REQUEST = 1;
    /** Address type: translated by the device. */
    static final int TRANSLATED = 2;
    /** A page request, which has no address type of its own. */
    static final int PAGE_REQUEST = 3;

    private static final int PASID_BITS = 20;

    /** Id that it carries, segment included. */
    int requester;
    /** Bus, device and function of that id. */
    int source;
    /** PASID that it carries, or {@link #NO_PASID}. */
    int pasid;
    long address;
    /** {@link Access} bits. */
    int access;
    /** One of the address types. */
    int type;

    /** Makes it an untranslated request without PASID; returns it. */
    Request of(int newRequester, long newAddress, int newAccess) {
        return of(newRequester, NO_PASID, newAddress, newAccess);
    }

    /**
     * Makes it an untranslated request with a PASID; returns it.
     *
     * @throws IllegalArgumentException if the PASID has more than 20 bits
     */
    Request withPasid(int newRequester, int newPasid, long newAddress, int newAccess) {
        if (newPasid >>> PASID_BITS != 0) {
            throw new IllegalArgumentException("PASID 0x" + Integer.toHexString(newPasid));
        }
        return of(newRequester, newPasid, newAddress, newAccess);
    }

    /** Makes it a request of another type; a PASID of -1 is none. */
    Request typed(int newType, int newRequester, int newPasid, long newAddress, int newAccess) {
        if (newPasid == NO_PASID) {
            of(newRequester, newAddress, newAccess);
        } else {
            withPasid(newRequester, newPasid, newAddress, newAccess);
        }
        type = newType;
        return this;
    }

    private Request of(int newRequester, int newPasid, long newAddress, int newAccess) {
        requester = newRequester;
        source = RequesterId.sourceId(newRequester);
        pasid = newPasid;
        type = UNTRANSLATED;
        address = newAddress;
        access = newAccess;
        return this;
    }

    boolean hasPasid() {
        return pasid != NO_PASID;
    }
}
