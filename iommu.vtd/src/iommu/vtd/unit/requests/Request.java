// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.requests;

import iommu.api.pcie.Access;
import iommu.api.pcie.RequesterId;

/** A request on its way through a unit; one object a unit, refilled so that none is allocated. */
public final class Request {

    /** It carries no PASID. */
    public static final int NO_PASID = -1;

    /** Address type: untranslated. */
    public static final int UNTRANSLATED = 0;
    /** Address type: a request to translate. */
    public static final int TRANSLATION_REQUEST = 1;
    /** Address type: translated by the device. */
    public static final int TRANSLATED = 2;
    /** A page request, which has no address type of its own. */
    public static final int PAGE_REQUEST = 3;

    private static final int PASID_BITS = 20;

    /** Id that it carries, segment included. */
    public int requester;
    /** Bus, device and function of that id. */
    public int source;
    /** PASID that it carries, or {@link #NO_PASID}. */
    public int pasid;
    public long address;
    /** {@link Access} bits. */
    public int access;
    /** One of the address types. */
    public int type;

    /** Makes it an untranslated request without PASID; returns it. */
    public Request of(int newRequester, long newAddress, int newAccess) {
        return of(newRequester, NO_PASID, newAddress, newAccess);
    }

    /**
     * Makes it an untranslated request with a PASID; returns it.
     *
     * @throws IllegalArgumentException if the PASID has more than 20 bits
     */
    public Request withPasid(int newRequester, int newPasid, long newAddress, int newAccess) {
        if (newPasid >>> PASID_BITS != 0) {
            throw new IllegalArgumentException("PASID 0x" + Integer.toHexString(newPasid));
        }
        return of(newRequester, newPasid, newAddress, newAccess);
    }

    /** Makes it a request of another type; a PASID of -1 is none. */
    public Request typed(int newType, int newRequester, int newPasid, long newAddress,
            int newAccess) {
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

    public boolean hasPasid() {
        return pasid != NO_PASID;
    }
}
