--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: btree_gin; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;


--
-- Name: EXTENSION btree_gin; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION btree_gin IS 'support for indexing common datatypes in GIN';


--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;


--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';


--
-- Name: raise_catalogue_version(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.raise_catalogue_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE company SET catalogue_version = pg_current_xact_id()::text::bigint
        WHERE id = coalesce(new.company_id, old.company_id)
        AND catalogue_version <> pg_current_xact_id()::text::bigint;
    RETURN NULL;
END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: api_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_key (
    id character varying(26) NOT NULL,
    company_id character varying(26) NOT NULL,
    created_by_id character varying(26),
    name character varying(100) NOT NULL,
    prefix character varying(12) NOT NULL,
    key_sha256 character varying(64) NOT NULL,
    scopes json NOT NULL,
    last_used_at timestamp with time zone,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: audit_entry; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_entry (
    id character varying(26) NOT NULL,
    company_id character varying(26) NOT NULL,
    actor_type character varying(10) NOT NULL,
    actor_id character varying(26),
    actor_name character varying(254) NOT NULL,
    action character varying(60) NOT NULL,
    entity_type character varying(20) NOT NULL,
    entity_id character varying(26) NOT NULL,
    before json,
    after json,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: company; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.company (
    id character varying(26) NOT NULL,
    name character varying(200) NOT NULL,
    slug character varying(80) NOT NULL,
    currency character varying(3) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    catalogue_version bigint DEFAULT '0'::bigint NOT NULL,
    last_order_number integer DEFAULT 0 NOT NULL
);


--
-- Name: idempotency_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency_key (
    id character varying(26) NOT NULL,
    api_key_id character varying(26) NOT NULL,
    key character varying(255) NOT NULL,
    request_sha256 character varying(64) NOT NULL,
    status integer,
    headers json,
    body text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: image; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.image (
    id character varying(26) NOT NULL,
    company_id character varying(26) NOT NULL,
    product_id character varying(26),
    "position" integer NOT NULL,
    status character varying(10) NOT NULL,
    error_code character varying(40),
    attempts integer NOT NULL,
    writing_until timestamp with time zone,
    kept_until timestamp with time zone,
    policy character varying(10) NOT NULL,
    sha256 character varying(64) NOT NULL,
    copied_from character varying(26),
    alt_text character varying(200) NOT NULL,
    filename character varying(255) NOT NULL,
    public_name character varying(120) NOT NULL,
    format character varying(5) NOT NULL,
    byte_size bigint NOT NULL,
    width_px integer NOT NULL,
    height_px integer NOT NULL,
    derivatives json NOT NULL,
    ladder_version integer,
    placeholder_color character varying(7) NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: import_job; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.import_job (
    id character varying(26) NOT NULL,
    company_id character varying(26) NOT NULL,
    created_by_id character varying(26),
    filename character varying(255) NOT NULL,
    status character varying(12) NOT NULL,
    content text NOT NULL,
    mapping json NOT NULL,
    result json,
    done_copies integer NOT NULL,
    total_copies integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    fingerprint character varying(64),
    working_until timestamp with time zone
);


--
-- Name: installation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.installation (
    id integer NOT NULL,
    store_id character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    target_id character varying(64),
    frozen_until timestamp with time zone,
    moved_from character varying(64)
);


--
-- Name: order; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public."order" (
    id character varying(26) NOT NULL,
    company_id character varying(26) NOT NULL,
    number integer NOT NULL,
    submit_token character varying(64) NOT NULL,
    status character varying(12) NOT NULL,
    po_number character varying(100),
    notes character varying(2000),
    total_minor bigint NOT NULL,
    customer_id character varying(26),
    created_by_id character varying(26),
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);


--
-- Name: order_draft; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.order_draft (
    user_id character varying(26) NOT NULL,
    token character varying(64) NOT NULL,
    content json NOT NULL,
    saved_at timestamp with time zone NOT NULL
);


--
-- Name: order_line; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.order_line (
    id character varying(26) NOT NULL,
    order_id character varying(26) NOT NULL,
    product_id character varying(26),
    "position" integer NOT NULL,
    name character varying(200) NOT NULL,
    sku character varying(100),
    unit_price_minor bigint NOT NULL,
    quantity integer NOT NULL
);


--
-- Name: outbox_entry; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox_entry (
    id character varying(26) NOT NULL,
    prefix character varying(80) NOT NULL,
    due_at timestamp with time zone NOT NULL,
    final_after timestamp with time zone,
    attempts integer NOT NULL,
    last_error character varying(500),
    created_at timestamp with time zone NOT NULL,
    published json
);


--
-- Name: product; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.product (
    id character varying(26) NOT NULL,
    company_id character varying(26) NOT NULL,
    name character varying(200) NOT NULL,
    sku character varying(100),
    description character varying(2000),
    category character varying(100),
    unit character varying(50) NOT NULL,
    price_minor bigint NOT NULL,
    stock integer NOT NULL,
    is_active boolean NOT NULL,
    external_image_url character varying(2048),
    version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    search_text character varying(620) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    search_number integer
);
ALTER TABLE ONLY public.product ALTER COLUMN search_text SET STATISTICS 500;


--
-- Name: user; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public."user" (
    id character varying(26) NOT NULL,
    company_id character varying(26) NOT NULL,
    email character varying(254) NOT NULL,
    name character varying(200) NOT NULL,
    password_hash character varying(255),
    role character varying(10) NOT NULL,
    session_token character varying(32) NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alembic_version (version_num) FROM stdin;
0008
\.


--
-- Data for Name: api_key; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.api_key (id, company_id, created_by_id, name, prefix, key_sha256, scopes, last_used_at, expires_at, revoked_at, created_at) FROM stdin;
01M8FC0N7PM4WF1WRVTJ84STP4	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0MDCDAZ3B8WR2BVXQTSW	Reader	dk_OqG-QbXso	7cb7c244f047a35b6e6f1bcc8cfa68fa5f13080854d7b14816cea51ed280f688	["products:read", "orders:read"]	\N	\N	\N	2026-11-27 20:44:10.869778+00
01M8FC0N7WWKTS90NXEZ1VGPEN	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0MDCDAZ3B8WR2BVXQTSW	Expires after 30 days	dk_-M-jihOIK	4989a68f5ae08497d5c52ad15a64b432ba6693c889681d8f56919a5aac77d805	["products:read"]	\N	2026-12-27 20:44:10.875929+00	\N	2026-11-27 20:44:10.875929+00
01M8FC0N83AJVVE6CHYMQ4485Z	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0MDCDAZ3B8WR2BVXQTSW	Revoked	dk_zDaOa6vwr	43edfa55f4fda6235426d0adeab7d13682f3f383dd0c87f2600a47291455aae3	["products:read"]	\N	\N	2026-11-27 20:44:10.892657+00	2026-11-27 20:44:10.882712+00
01M8FC0N72EQDXGN7YV7F5FE1M	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0MDCDAZ3B8WR2BVXQTSW	ERP	dk_Ll0cKXNe7	245ede00a9e5af076b3c7a223b4b3e6d730e3ae1f01382d32058ff32e600c6cd	["products:read", "products:write", "orders:read", "orders:write", "images:write"]	2026-11-27 20:44:11.518081+00	\N	\N	2026-11-27 20:44:10.849212+00
01M8FC0N7E52QGE91H45AZMA1R	01M8FC0ME4J1NXXA74JKNW799G	01M8FC0MJDR9W5EXZX8WF2GWRT	Shop	dk_Xc-cxrgO8	5e351da2b62227c7a654541bd7a8bee125418456e1f68c07e05fcd043d456a2d	["products:read", "products:write", "orders:read", "orders:write", "images:write"]	2026-11-27 20:44:11.771339+00	\N	\N	2026-11-27 20:44:10.861652+00
\.


--
-- Data for Name: audit_entry; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.audit_entry (id, company_id, actor_type, actor_id, actor_name, action, entity_type, entity_id, before, after, created_at) FROM stdin;
01M8FC0MDM6H501JVX62VX5VMZ	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	company.created	Company	01M8FC0M9H9CXREMX3KBB6MH1Y	null	{"name": "Acme", "slug": "acme", "owner": "alice@acme.test"}	2026-11-27 20:44:10.036095+00
01M8FC0MJEG8BS9D7SJTV88PYS	01M8FC0ME4J1NXXA74JKNW799G	USER	01M8FC0MJDR9W5EXZX8WF2GWRT	mallory@globex.test	company.created	Company	01M8FC0ME4J1NXXA74JKNW799G	null	{"name": "Globex", "slug": "globex", "owner": "mallory@globex.test"}	2026-11-27 20:44:10.190447+00
01M8FC0MJX7GN2JNY4S4F04F6F	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	member.added	User	01M8FC0MJW082068TSSJ1Q1N2G	null	{"name": "Zo\\u00eb Admin", "email": "zoe@acme.test", "role": "ADMIN"}	2026-11-27 20:44:10.205224+00
01M8FC0MWXXYJR2FA2423M1BHZ	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MJW082068TSSJ1Q1N2G	zoe@acme.test	password.changed	User	01M8FC0MJW082068TSSJ1Q1N2G	null	null	2026-11-27 20:44:10.525522+00
01M8FC0MXHBC08WM2EAEXAT2JJ	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	member.added	User	01M8FC0MXGQKKPKRNZVRZHRVHP	null	{"name": "Bob", "email": "bob@acme.test", "role": "MEMBER"}	2026-11-27 20:44:10.545397+00
01M8FC0N1PXBX1D93RWRV9G8S0	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MXGQKKPKRNZVRZHRVHP	bob@acme.test	password.changed	User	01M8FC0MXGQKKPKRNZVRZHRVHP	null	null	2026-11-27 20:44:10.678115+00
01M8FC0N249Q3DVN7M2YZC0N4B	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	member.added	User	01M8FC0N23ZT93202AXPC1H4XH	null	{"name": "Former Member", "email": "former@acme.test", "role": "MEMBER"}	2026-11-27 20:44:10.692173+00
01M8FC0N6GB8PFG4322GZH46RR	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0N23ZT93202AXPC1H4XH	former@acme.test	password.changed	User	01M8FC0N23ZT93202AXPC1H4XH	null	null	2026-11-27 20:44:10.83221+00
01M8FC0N6WSYWX9XQPF3JWW1W6	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	member.removed	User	01M8FC0N23ZT93202AXPC1H4XH	{"name": "Former Member", "email": "former@acme.test", "role": "MEMBER"}	null	2026-11-27 20:44:10.845009+00
01M8FC0N73C66XPA142NRGQ8WH	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	api_key.created	ApiKey	01M8FC0N72EQDXGN7YV7F5FE1M	null	{"name": "ERP", "prefix": "dk_Ll0cKXNe7", "scopes": ["products:read", "products:write", "orders:read", "orders:write", "images:write"]}	2026-11-27 20:44:10.851694+00
01M8FC0N7F3KQAQX0FD5E1JJSW	01M8FC0ME4J1NXXA74JKNW799G	USER	01M8FC0MJDR9W5EXZX8WF2GWRT	mallory@globex.test	api_key.created	ApiKey	01M8FC0N7E52QGE91H45AZMA1R	null	{"name": "Shop", "prefix": "dk_Xc-cxrgO8", "scopes": ["products:read", "products:write", "orders:read", "orders:write", "images:write"]}	2026-11-27 20:44:10.863148+00
01M8FC0N7PM4WF1WRVTJ84STP5	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	api_key.created	ApiKey	01M8FC0N7PM4WF1WRVTJ84STP4	null	{"name": "Reader", "prefix": "dk_OqG-QbXso", "scopes": ["products:read", "orders:read"]}	2026-11-27 20:44:10.871012+00
01M8FC0N7XYQ6DC05243J1NEEX	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	api_key.created	ApiKey	01M8FC0N7WWKTS90NXEZ1VGPEN	null	{"name": "Expires after 30 days", "prefix": "dk_-M-jihOIK", "scopes": ["products:read"], "expires_at": "2026-12-27T20:44:10.875929+00:00"}	2026-11-27 20:44:10.877118+00
01M8FC0N84VZ7CM7Y1GNNV1BY0	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	api_key.created	ApiKey	01M8FC0N83AJVVE6CHYMQ4485Z	null	{"name": "Revoked", "prefix": "dk_zDaOa6vwr", "scopes": ["products:read"]}	2026-11-27 20:44:10.884252+00
01M8FC0N8DAM4N6FP24BCTEYZB	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	api_key.revoked	ApiKey	01M8FC0N83AJVVE6CHYMQ4485Z	{"name": "Revoked", "prefix": "dk_zDaOa6vwr"}	null	2026-11-27 20:44:10.893848+00
01M8FC0N8WN75P1G9CGA0B9WD6	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0N8MSFW6PADYTPYA4AME	null	{"name": "Without image", "sku": "PLAIN-1", "description": null, "category": "Furniture", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:10.908952+00
01M8FC0N977D5XSQEMKQTR9P9C	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0N93PT6BCEGJPFY6SSSR	null	{"name": "Without SKU", "sku": null, "description": "Two\\nlines, \\u201cquoted\\u201d.", "category": "M\\u00f6bel", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:10.919372+00
01M8FC0N9FDPE3SW69VN8F3HRG	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0N9CAMCZSAP6TG1B3V78	null	{"name": "Inactive", "sku": "OFF-1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": false, "image_url": null, "images": []}	2026-11-27 20:44:10.927836+00
01M8FC0N9STYFP3PRYAVX4A6T6	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0N9NA1VRFHVQEX31W9B3	null	{"name": "Out of stock", "sku": "OUT-1", "description": null, "category": "Furniture", "unit": "each", "price_minor": 999, "stock": 0, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:10.937092+00
01M8FC0NFRWER2WAV2R7CJ7X1Y	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NFATM6KB70RNY7ZC5FD	null	{"name": "Caf\\u00e9 cr\\u00e8me, JPEG", "sku": "FORM-1", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NEKBPR79GB2ZCVKAMSW/cafe-creme.jpg", "images": ["01M8FC0NEKBPR79GB2ZCVKAMSW"]}	2026-11-27 20:44:11.128147+00
01M8FC0NH7EDQQSSAZMCMTEK4T	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NGXWZ8268BJWHAZCVHD	null	{"name": "Blue Widget, PNG", "sku": "FORM-2", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NGFS28FB27ND0E3Y9X9/blue-widget.png", "images": ["01M8FC0NGFS28FB27ND0E3Y9X9"]}	2026-11-27 20:44:11.175347+00
01M8FC0NJJG1GJKE0E6JTPK8S0	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NJAXGS7AM093STBAWMZ	null	{"name": "Gr\\u00f6\\u00dfe \\u00dcbergro\\u00df, WebP", "sku": "FORM-3", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NHXX3HKHGJ0WXSBWCEF/grosse.webp", "images": ["01M8FC0NHXX3HKHGJ0WXSBWCEF"]}	2026-11-27 20:44:11.218076+00
01M8FC0NMGB3ZKS6ZB16FPCE0S	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NM7CCV2EHCKTN7V125D	null	{"name": "\\u017b\\u00f3\\u0142ta \\u0142\\u00f3d\\u017a, AVIF", "sku": "FORM-4", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NKPATJS60Y7TM2C45J6/zolta-lodz.avif", "images": ["01M8FC0NKPATJS60Y7TM2C45J6"]}	2026-11-27 20:44:11.280404+00
01M8FC0NNM6E0Q0625CHQV89SW	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NNC1D26HP38ZMFVXKDG	null	{"name": "Transparent PNG", "sku": "FORM-5", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NN1TC96AW1ZJKZR03EK/transparent.png", "images": ["01M8FC0NN1TC96AW1ZJKZR03EK"]}	2026-11-27 20:44:11.31616+00
01M8FC0NPV0NMN9DJJMFCBWH84	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NPKS6JK4KDPT94M0JDA	null	{"name": "Transparent AVIF", "sku": "FORM-6", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NP9J9WMEA8NFJTJ3RRT/transparent.avif", "images": ["01M8FC0NP9J9WMEA8NFJTJ3RRT"]}	2026-11-27 20:44:11.355179+00
01M8FC0NQY6QDM2TX597PZTA3D	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NQQ5XK6C60F9DSAH2JC	null	{"name": "Animated WebP", "sku": "FORM-7", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NQD8098EKG3XN55KE6V/animated.webp", "images": ["01M8FC0NQD8098EKG3XN55KE6V"]}	2026-11-27 20:44:11.390838+00
01M8FC0NRY7HC014CG7JFPTW3Q	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NRQ825YKPP5Q0THZMG0	null	{"name": "Animated PNG", "sku": "FORM-8", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NRDC4ZS2T57QGE6KTE6/animated.png", "images": ["01M8FC0NRDC4ZS2T57QGE6KTE6"]}	2026-11-27 20:44:11.42262+00
01M8FC0NSXCDRBPJYW2QBHVTWX	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NSPJEKMRAMGRDJYXVN4	null	{"name": "Animated PNG with a still", "sku": "FORM-9", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NSAZ0GDZPXK7FR68K98/still-and-frames.png", "images": ["01M8FC0NSAZ0GDZPXK7FR68K98"]}	2026-11-27 20:44:11.45354+00
01M8FC0NTV1WV6TAZ866MDTE36	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NTMEX5HZ8NW9Y006JSW	null	{"name": "16-bit PNG with a color key", "sku": "FORM-10", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NTC3PHPATRXP5RCNKW2/color-key.png", "images": ["01M8FC0NTC3PHPATRXP5RCNKW2"]}	2026-11-27 20:44:11.483547+00
01M8FC0NVSEDJCP4X8E9NGG6Z0	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0NVJ6K8T5T8HZ6GTZ91E	null	{"name": "PNG with a payload", "sku": "FORM-11", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0NV6MTVX60K4QSFWA18C/payload.png", "images": ["01M8FC0NV6MTVX60K4QSFWA18C"]}	2026-11-27 20:44:11.513669+00
01M8FC0NW7EX77AW2AAGFRT3WT	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0NW4HYX1FYV9Y6WQD1KT	null	{"name": "Still GIF", "sku": "GIF-1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.527854+00
01M8FC0NX3EXF250YK82PFJFM9	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0NW4HYX1FYV9Y6WQD1KT	{"images": []}	{"images": ["01M8FC0NWHMHJQNNFXW4XS030T"]}	2026-11-27 20:44:11.5553+00
01M8FC0NXDA1Z39Z2EMGSCEA00	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0NX958V2MD8C4C8PADMR	null	{"name": "Still GIF with a transparent color", "sku": "GIF-2", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.565166+00
01M8FC0NYAX4RAJFK92S6KC7XZ	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0NX958V2MD8C4C8PADMR	{"images": []}	{"images": ["01M8FC0NXP35CN3PDZ8DQRR3SB"]}	2026-11-27 20:44:11.594799+00
01M8FC0NYP01XG8K347RSP1GPC	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0NYJT7NFB8NGZ6P7C08P	null	{"name": "Animated GIF", "sku": "GIF-3", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.606227+00
01M8FC0NZGJ2V95VTR9SYJAKXY	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0NYJT7NFB8NGZ6P7C08P	{"images": []}	{"images": ["01M8FC0NZ0FCVF1Y9G48G44CG7"]}	2026-11-27 20:44:11.632808+00
01M8FC0NZS2GA5J5BWTF0AP4ZE	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0NZPQC243PTJ07H9M8P8	null	{"name": "GIF on a larger screen", "sku": "GIF-4", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.641105+00
01M8FC0P0EWZJ4S36X2HKNK85B	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0NZPQC243PTJ07H9M8P8	{"images": []}	{"images": ["01M8FC0P00NAANZ6NJRW0ZMWNV"]}	2026-11-27 20:44:11.662571+00
01M8FC0P0Q1DJ41Z3C27M5GTAT	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P0M5NZK8AXP780MPMV4	null	{"name": "External image", "sku": "EXT-1", "description": null, "category": null, "unit": "crate", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "https://images.example.com/external.jpg?width=800", "images": []}	2026-11-27 20:44:11.671727+00
01M8FC0P0ZEAMEETWZSMQN0HDK	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P0WTPT8DJV05BMR3M0Y	null	{"name": "SKU with odd characters", "sku": "A\\u00a01", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.679224+00
01M8FC0P159AT3WDT2B39PXMBA	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P13BEXQABS3T770FHYG	null	{"name": "SKU with odd characters", "sku": "B  2", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.685875+00
01M8FC0P1CEDQET4T5WP2EQ422	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P19QCVF9QR5CGZTZZP8	null	{"name": "SKU with odd characters", "sku": "C\\u200b3", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.692544+00
01M8FC0P1KDGTMW3BMRF4NTD95	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P1GQW9YDM6P3XCRAXT7	null	{"name": "SKU with odd characters", "sku": "D\\t4", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.699284+00
01M8FC0P1SKTQE7K47KB89D5G5	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P1QZDA180ZGHX1QPSH1	null	{"name": "SKU with odd characters", "sku": "M2", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.705799+00
01M8FC0P2036PA50JQFJKZ2ZQS	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P1X0C46GWA9R28XY3FH	null	{"name": "SKU with odd characters", "sku": "M\\u00b2", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.712233+00
01M8FC0P2BC481NKJKB2KR7FG7	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P245E8NMA20KQQN6T0R	null	{"name": "SKU with odd characters", "sku": "A 1", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.723045+00
01M8FC0P2JQH8074GZJGSHBM8W	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P2FBC71XVCZ4A4DC0W9	null	{"name": "SKU with odd characters", "sku": "A\\u00ad 1", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.730636+00
01M8FC0P2VACD3RD0WZ4JK7MN0	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P2Q265218749KF86A2Q	null	{"name": "SKU with odd characters", "sku": "A\\u200b 1", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.739937+00
01M8FC0P35JKN68M3V9ZNRMY6T	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P3166JXJ64AWZ3QWC89	null	{"name": "SKU with odd characters", "sku": "A 1\\u00a0\\u200b", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.749395+00
01M8FC0P3EQ79B463V70WTW88C	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P3ASS4DR88Y8F8MGW87	null	{"name": "SKU with odd characters", "sku": "\\u00c9-1", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.758629+00
01M8FC0P3QJ96T4JTN738WDJVX	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0P3K881XN6GPG348JPF0	null	{"name": "SKU with odd characters", "sku": "E\\u0301-1", "description": null, "category": "Odd SKUs", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.767985+00
01M8FC0P44YNK11C8ARHNTQX5W	01M8FC0ME4J1NXXA74JKNW799G	USER	01M8FC0MJDR9W5EXZX8WF2GWRT	mallory@globex.test (Shop)	product.created	Product	01M8FC0P40P8SGWK524RBFBN8G	null	{"name": "Globex Widget", "sku": "A 1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:11.780251+00
01M8FC0P54B6HKKK1AJT97TBKM	01M8FC0ME4J1NXXA74JKNW799G	USER	01M8FC0MJDR9W5EXZX8WF2GWRT	mallory@globex.test (Shop)	product.updated	Product	01M8FC0P40P8SGWK524RBFBN8G	{"images": []}	{"images": ["01M8FC0P4JRWXNK4ZZ1FTEWMWG"]}	2026-11-27 20:44:11.812329+00
01M8FC0Q0A2516PG7FTZY7ECVN	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0Q00SJ87BJQYR5TSPAKH	null	{"name": "Copied image", "sku": "COPY-1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0PZ7T1K0PHZCCFBFD9EZ/cafe-creme.jpg", "images": ["01M8FC0PZ7T1K0PHZCCFBFD9EZ"]}	2026-11-27 20:44:12.682675+00
01M8FC0Q19K44X10K9Y252T5K8	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0Q16NY65Z11EZ7PYX4E5	null	{"name": "Gallery of three", "sku": "GAL-1", "description": null, "category": "Images", "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:12.713921+00
01M8FC0Q5EXT311TNYQ6KQCSG9	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0Q16NY65Z11EZ7PYX4E5	{"images": []}	{"images": ["01M8FC0Q1KD7HZNNBRJJPTK9PP"]}	2026-11-27 20:44:12.846687+00
01M8FC0Q69E7J9CT3XBF3Q35JX	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0Q16NY65Z11EZ7PYX4E5	{"images": ["01M8FC0Q1KD7HZNNBRJJPTK9PP"]}	{"images": ["01M8FC0Q1KD7HZNNBRJJPTK9PP", "01M8FC0Q5SZ2HF1YHF0BQ75N8Z"]}	2026-11-27 20:44:12.873093+00
01M8FC0Q739DZBMXFGE8VFZ506	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0Q16NY65Z11EZ7PYX4E5	{"images": ["01M8FC0Q1KD7HZNNBRJJPTK9PP", "01M8FC0Q5SZ2HF1YHF0BQ75N8Z"]}	{"images": ["01M8FC0Q1KD7HZNNBRJJPTK9PP", "01M8FC0Q5SZ2HF1YHF0BQ75N8Z", "01M8FC0Q6MZAQG8GKJJ5Y82MAZ"]}	2026-11-27 20:44:12.899433+00
01M8FC0QEHE7V4PZ3754V69ZRR	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0Q16NY65Z11EZ7PYX4E5	{"alt_text": {"01M8FC0Q1KD7HZNNBRJJPTK9PP": "red"}}	{"alt_text": {"01M8FC0Q1KD7HZNNBRJJPTK9PP": "Vu de face"}}	2026-11-27 20:44:13.137912+00
01M8FC0QEVNAKT7DXMWEXB3Y5N	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0Q16NY65Z11EZ7PYX4E5	{"alt_text": {"01M8FC0Q5SZ2HF1YHF0BQ75N8Z": "green"}}	{"alt_text": {"01M8FC0Q5SZ2HF1YHF0BQ75N8Z": "Von der Seite \\u2013 gr\\u00fcn"}}	2026-11-27 20:44:13.14764+00
01M8FC0QF43SCMXNRNP0Q8MSKV	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0Q16NY65Z11EZ7PYX4E5	{"alt_text": {"01M8FC0Q6MZAQG8GKJJ5Y82MAZ": "blue"}}	{"alt_text": {"01M8FC0Q6MZAQG8GKJJ5Y82MAZ": "From above"}}	2026-11-27 20:44:13.15663+00
01M8FC0QFJ97H3S2QBM52FPS0F	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0Q16NY65Z11EZ7PYX4E5	{"image_url": "http://127.0.0.1:8000/images/01M8FC0Q1KD7HZNNBRJJPTK9PP/red.png", "images": ["01M8FC0Q1KD7HZNNBRJJPTK9PP", "01M8FC0Q5SZ2HF1YHF0BQ75N8Z", "01M8FC0Q6MZAQG8GKJJ5Y82MAZ"]}	{"image_url": "http://127.0.0.1:8000/images/01M8FC0Q6MZAQG8GKJJ5Y82MAZ/blue.png", "images": ["01M8FC0Q6MZAQG8GKJJ5Y82MAZ", "01M8FC0Q1KD7HZNNBRJJPTK9PP", "01M8FC0Q5SZ2HF1YHF0BQ75N8Z"]}	2026-11-27 20:44:13.170693+00
01M8FC0QJC1K801C36SXFAKCXZ	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0QJ87NHQHPJ5KP9ANVT6	\N	{"sku": "CSV-1", "name": "Cr\\u00e8me br\\u00fbl\\u00e9e", "description": null, "category": "Desserts", "unit": "each", "price_minor": 450, "stock": 20, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:13.251578+00
01M8FC0QJC65NTNN3KE7RXEDB2	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0QJ8CB8QT3481NNBG9K0	\N	{"sku": "CSV-2", "name": "Sm\\u00f6rg\\u00e5st\\u00e5rta", "description": null, "category": "Desserts", "unit": "each", "price_minor": 1200, "stock": 3, "is_active": true, "image_url": "https://images.example.com/cake.jpg", "images": []}	2026-11-27 20:44:13.251578+00
01M8FC0QJCCSGD5NP3N0RW0GC7	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.updated	Product	01M8FC0N8MSFW6PADYTPYA4AME	{"price_minor": 999, "stock": 12}	{"price_minor": 1100, "stock": 7}	2026-11-27 20:44:13.251578+00
01M8FC0QJV787QXP97N2AET585	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0QJR0A08JBPCBWJQSJ31	null	{"name": "Deleted since", "sku": "DEL-1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:13.275125+00
01M8FC0QKDQ2EAVDT2SRDGDEZB	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	order.created	Order	01M8FC0QKAJJT9ZKWBRHHG829C	null	{"number": 1, "total_minor": 999, "lines": 1}	2026-11-27 20:44:13.293165+00
01M8FC0QKYR7R889H871G7MH10	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	order.created	Order	01M8FC0QKXSV1HYMBAC4DEP8ZW	null	{"number": 2, "total_minor": 999, "lines": 1}	2026-11-27 20:44:13.310528+00
01M8FC0QMA6YH72YSD5J7MAX46	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	order.created	Order	01M8FC0QM93E9ZX6YN4PE9FJZJ	null	{"number": 3, "total_minor": 999, "lines": 1}	2026-11-27 20:44:13.322554+00
01M8FC0QMNW2RQMXR3M99R7SHN	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	order.created	Order	01M8FC0QMM5F3KHGJHST9ZM4F9	null	{"number": 4, "total_minor": 999, "lines": 1}	2026-11-27 20:44:13.333564+00
01M8FC0QN2GJN3JGVC62NKXA9P	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	order.created	Order	01M8FC0QN066G32004QA7HCE4Z	null	{"number": 5, "total_minor": 999, "lines": 1}	2026-11-27 20:44:13.346373+00
01M8FC0QNE2R25PW5W49V76R7X	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	order.created	Order	01M8FC0QNCN9D8XHZVPE64D5FJ	null	{"number": 6, "total_minor": 2997, "lines": 2}	2026-11-27 20:44:13.358951+00
01M8FC0QNRCV60SPGZT9XY3PC1	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.deleted	Product	01M8FC0QJR0A08JBPCBWJQSJ31	{"name": "Deleted since", "sku": "DEL-1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 10, "is_active": true, "image_url": null, "images": []}	null	2026-11-27 20:44:13.368069+00
01M8FC0QP80N26A58RJ0ET8G7C	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0QP5VAE7H6P5J59GX4HZ	null	{"name": "Image removed", "sku": "REM-1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:13.384778+00
01M8FC0QQ2Q08NCB4QS24CD7QA	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0QP5VAE7H6P5J59GX4HZ	{"images": []}	{"images": ["01M8FC0QPJJD86ASA8BW6VY3N5"]}	2026-11-27 20:44:13.410237+00
01M8FC0QTDJEB4D9R9F2XHXJKM	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0QP5VAE7H6P5J59GX4HZ	{"image_url": "http://127.0.0.1:8000/images/01M8FC0QPJJD86ASA8BW6VY3N5/removed.png", "images": ["01M8FC0QPJJD86ASA8BW6VY3N5"]}	{"image_url": null, "images": []}	2026-11-27 20:44:13.517907+00
01M8FC0QTXFFKDBHZ7BJRPH84Z	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0QTTSSNXQRY1RGNTP6PV	null	{"name": "Image still to be deleted", "sku": "REM-2", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:13.533878+00
01M8FC0QVR0D4AJ46WF6J24B6M	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0QTTSSNXQRY1RGNTP6PV	{"images": []}	{"images": ["01M8FC0QV8CGVWPX4WF15AT0X2"]}	2026-11-27 20:44:13.560577+00
01M8FC0QZ7EEVFF3NEFPKCDJ2D	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0QTTSSNXQRY1RGNTP6PV	{"image_url": "http://127.0.0.1:8000/images/01M8FC0QV8CGVWPX4WF15AT0X2/removed.png", "images": ["01M8FC0QV8CGVWPX4WF15AT0X2"]}	{"image_url": null, "images": []}	2026-11-27 20:44:13.671973+00
01M8FC0QZJ9ATXV6VSGN40RGN5	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0QZF7RG50GAFRW26GSQ6	null	{"name": "Image in ERROR", "sku": "ERR-1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:13.682975+00
01M8FC0R0DCC89H3075JTJNV4C	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0QZF7RG50GAFRW26GSQ6	{"images": []}	{"images": ["01M8FC0QZW6M5V1QNFWRCKNR0N"]}	2026-11-27 20:44:13.70981+00
01M8FC0R2KGM4ZMMZCDF0DFBTJ	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test	product.created	Product	01M8FC0R2AZKK5XN09TW7K3M84	null	{"name": "No ladder yet", "sku": "LAD-1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": "http://127.0.0.1:8000/images/01M8FC0R1X757JTNAKXP75ANQP/no-ladder.png", "images": ["01M8FC0R1X757JTNAKXP75ANQP"]}	2026-11-27 20:44:13.779648+00
01M8FC0R32YTFKXVCPYMQ33RWF	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.created	Product	01M8FC0R2Z10TECRSQNY724ADW	null	{"name": "Image PROCESSING", "sku": "PRO-1", "description": null, "category": null, "unit": "each", "price_minor": 999, "stock": 12, "is_active": true, "image_url": null, "images": []}	2026-11-27 20:44:13.794458+00
01M8FC0R44FG577ZNKBK5P4DDQ	01M8FC0M9H9CXREMX3KBB6MH1Y	USER	01M8FC0MDCDAZ3B8WR2BVXQTSW	alice@acme.test (ERP)	product.updated	Product	01M8FC0R2Z10TECRSQNY724ADW	{"images": []}	{"images": ["01M8FC0R3FED7NBC3A9CBTT5RY"]}	2026-11-27 20:44:13.828577+00
\.


--
-- Data for Name: company; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.company (id, name, slug, currency, created_at, catalogue_version, last_order_number) FROM stdin;
01M8FC0ME4J1NXXA74JKNW799G	Globex	globex	USD	2026-11-27 20:44:10.052891+00	865	0
01M8FC0M9H9CXREMX3KBB6MH1Y	Acme	acme	USD	2026-11-27 20:44:09.905478+00	949	6
\.


--
-- Data for Name: idempotency_key; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.idempotency_key (id, api_key_id, key, request_sha256, status, headers, body, created_at, expires_at) FROM stdin;
01M8FC0QK0A6H3N5XV9F85R6CC	01M8FC0N72EQDXGN7YV7F5FE1M	order-1	59a1b6971d67d9b74d8b7fe631c818d20da62d1ab2d7d18174d893988d2f133d	201	{"Content-Type": "application/json"}	{"data":{"id":"01M8FC0QKAJJT9ZKWBRHHG829C","status":"SUBMITTED","poNumber":"PO-\\u00c4","notes":null,"total":9.99,"createdAt":"2026-11-27T20:44:13.283Z","updatedAt":"2026-11-27T20:44:13.283Z","customerId":"C-1","items":[{"id":"01M8FC0QKBKWXC3BGGVVBTDBA6","quantity":1,"unitPrice":9.99,"productId":"01M8FC0NGXWZ8268BJWHAZCVHD","productName":"Blue Widget, PNG","productSku":"FORM-2"}]}}\n	2026-11-27 20:44:13.278358+00	2026-11-28 20:44:13.278358+00
01M8FC0R3AZG35XEWG0AV9T83Z	01M8FC0N72EQDXGN7YV7F5FE1M	upload-1	dec7fdd349b6df6956f7221919b0b1b3b4327c02cd9abeabc533c56f8bdc7776	202	{"Content-Type": "application/json"}	{"imageId":"01M8FC0R3FED7NBC3A9CBTT5RY"}\n	2026-11-27 20:44:13.801813+00	2026-11-28 20:44:13.801813+00
\.


--
-- Data for Name: image; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.image (id, company_id, product_id, "position", status, error_code, attempts, writing_until, kept_until, policy, sha256, copied_from, alt_text, filename, public_name, format, byte_size, width_px, height_px, derivatives, ladder_version, placeholder_color, created_at) FROM stdin;
01M8FC0NKPATJS60Y7TM2C45J6	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NM7CCV2EHCKTN7V125D	0	READY	\N	1	\N	\N	merchant	070b3459eb4898562407d8e612d43abd1d82477bf838e531349308b701970165	\N		żółta łódź.avif	zolta-lodz.avif	AVIF	1006	320	240	[{"path": "", "format": "AVIF", "width_px": 320, "height_px": 240, "byte_size": 2776}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 1790}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 320, "height_px": 240, "byte_size": 3717}, {"path": "v1/320w.webp", "format": "WEBP", "width_px": 320, "height_px": 240, "byte_size": 1976}, {"path": "v1/320w.avif", "format": "AVIF", "width_px": 320, "height_px": 240, "byte_size": 1348}, {"path": "v1/300w.avif", "format": "AVIF", "width_px": 300, "height_px": 225, "byte_size": 1493}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 618}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 646}]	1	#e7d28a	2026-11-27 20:44:11.254444+00
01M8FC0NN1TC96AW1ZJKZR03EK	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NNC1D26HP38ZMFVXKDG	0	READY	\N	1	\N	\N	merchant	6a5a678fb6dcc7ed8cf0c988495098cae516ae15c9d9fdabe215bb4dd83cf943	\N		transparent.png	transparent.png	PNG	782	160	120	[{"path": "", "format": "PNG", "width_px": 160, "height_px": 120, "byte_size": 568}, {"path": "v1/160w.webp", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 1070}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 160, "height_px": 120, "byte_size": 2507}, {"path": "v1/160w.avif", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 1238}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 2096}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 1643}]	1	#b5c3e8	2026-11-27 20:44:11.29791+00
01M8FC0NRDC4ZS2T57QGE6KTE6	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NRQ825YKPP5Q0THZMG0	0	READY	\N	1	\N	\N	merchant	1f33e560387d10046a28d2a1aeb6b1b758f571260a4ac7c0949d208f94c6f69a	\N		animated.png	animated.png	PNG	2174	160	120	[{"path": "", "format": "PNG", "width_px": 160, "height_px": 120, "byte_size": 2324}, {"path": "v1/160w.webp", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 1268}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 160, "height_px": 120, "byte_size": 2479}, {"path": "v1/160w.avif", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 748}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 790}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 801}]	1	#db978e	2026-11-27 20:44:11.405069+00
01M8FC0NSAZ0GDZPXK7FR68K98	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NSPJEKMRAMGRDJYXVN4	0	READY	\N	1	\N	\N	merchant	5e05149bc886bbeecf409b9a0f7c6261c5579feeb1e513418a0682974da72343	\N		still and frames.png	still-and-frames.png	PNG	2229	160	120	[{"path": "", "format": "PNG", "width_px": 160, "height_px": 120, "byte_size": 1605}, {"path": "v1/160w.webp", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 1108}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 160, "height_px": 120, "byte_size": 2097}, {"path": "v1/160w.avif", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 842}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 640}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 662}]	1	#e8d289	2026-11-27 20:44:11.43499+00
01M8FC0NTC3PHPATRXP5RCNKW2	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NTMEX5HZ8NW9Y006JSW	0	READY	\N	1	\N	\N	merchant	ba89a04e66dce21ac09d173051ac303e342f3658a4d5bc8f8d21a56353619d5e	\N		color-key.png	color-key.png	PNG	367	160	120	[{"path": "", "format": "PNG", "width_px": 160, "height_px": 120, "byte_size": 356}, {"path": "v1/160w.webp", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 122}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 160, "height_px": 120, "byte_size": 641}, {"path": "v1/160w.avif", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 331}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 94}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 321}]	1	#ffffff	2026-11-27 20:44:11.468493+00
01M8FC0NXP35CN3PDZ8DQRR3SB	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NX958V2MD8C4C8PADMR	0	READY	\N	1	\N	\N	commerce	92ba1c74f0da0cca8e3d8153f24b0399b1ce325900bea75866d31562ec45ac8f	\N	transparent	transparent.gif	transparent.gif	GIF	446	160	120	[{"path": "", "format": "GIF", "width_px": 160, "height_px": 120, "byte_size": 446}, {"path": "v1/160w.webp", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 828}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 160, "height_px": 120, "byte_size": 1868}, {"path": "v1/160w.avif", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 1346}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 1392}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 1268}]	1	#f4d8d6	2026-11-27 20:44:11.574584+00
01M8FC0NZ0FCVF1Y9G48G44CG7	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NYJT7NFB8NGZ6P7C08P	0	READY	\N	1	\N	\N	commerce	ccc20e5f80098d915a7a8866ec07a694f4e1a250978fdfb640d73a30e0c77438	\N	animated	animated.gif	animated.gif	GIF	1355	160	120	[{"path": "", "format": "GIF", "width_px": 160, "height_px": 120, "byte_size": 1355}, {"path": "v1/160w.webp", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 1268}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 160, "height_px": 120, "byte_size": 2479}, {"path": "v1/160w.avif", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 748}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 790}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 801}]	1	#db978e	2026-11-27 20:44:11.61609+00
01M8FC0P4JRWXNK4ZZ1FTEWMWG	01M8FC0ME4J1NXXA74JKNW799G	01M8FC0P40P8SGWK524RBFBN8G	0	READY	\N	1	\N	\N	commerce	ca34b66f095d8f2506b4929e3d0ab83a439bd6381175c3051052a5258545f781	\N	g	g.png	g.png	PNG	1621	320	240	[{"path": "", "format": "PNG", "width_px": 320, "height_px": 240, "byte_size": 1068}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 1958}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 320, "height_px": 240, "byte_size": 4349}, {"path": "v1/320w.webp", "format": "WEBP", "width_px": 320, "height_px": 240, "byte_size": 2070}, {"path": "v1/320w.avif", "format": "AVIF", "width_px": 320, "height_px": 240, "byte_size": 1072}, {"path": "v1/300w.avif", "format": "AVIF", "width_px": 300, "height_px": 225, "byte_size": 1591}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 622}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 699}]	1	#98c39e	2026-11-27 20:44:11.794544+00
01M8FC0NEKBPR79GB2ZCVKAMSW	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NFATM6KB70RNY7ZC5FD	0	READY	\N	1	\N	\N	merchant	5a1d70a8c12a4f58bc3c9a4ae7af931b20b5f5d55bacbf48575e9bcdfca9be99	\N		café crème.jpg	cafe-creme.jpg	JPEG	11337	640	480	[{"path": "", "format": "JPEG", "width_px": 640, "height_px": 480, "byte_size": 11322}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 2130}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 640, "height_px": 480, "byte_size": 9372}, {"path": "v1/640w.webp", "format": "WEBP", "width_px": 640, "height_px": 480, "byte_size": 5726}, {"path": "v1/640w.avif", "format": "AVIF", "width_px": 640, "height_px": 480, "byte_size": 4432}, {"path": "v1/500w.webp", "format": "WEBP", "width_px": 500, "height_px": 375, "byte_size": 3956}, {"path": "v1/500w.avif", "format": "AVIF", "width_px": 500, "height_px": 375, "byte_size": 2512}, {"path": "v1/300w.avif", "format": "AVIF", "width_px": 300, "height_px": 225, "byte_size": 1404}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 722}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 742}]	1	#dc988f	2026-11-27 20:44:11.092035+00
01M8FC0NGFS28FB27ND0E3Y9X9	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NGXWZ8268BJWHAZCVHD	0	READY	\N	1	\N	\N	merchant	448e3f60ebea2e70361b0b6dbe3db52bab2ca54af41ddc4604d937c0d5425943	\N		Blue Widget.PNG	blue-widget.png	PNG	1622	320	240	[{"path": "", "format": "PNG", "width_px": 320, "height_px": 240, "byte_size": 1069}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 2336}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 320, "height_px": 240, "byte_size": 4795}, {"path": "v1/320w.webp", "format": "WEBP", "width_px": 320, "height_px": 240, "byte_size": 2468}, {"path": "v1/320w.avif", "format": "AVIF", "width_px": 320, "height_px": 240, "byte_size": 1065}, {"path": "v1/300w.avif", "format": "AVIF", "width_px": 300, "height_px": 225, "byte_size": 1675}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 776}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 776}]	1	#93a6d3	2026-11-27 20:44:11.151384+00
01M8FC0NHXX3HKHGJ0WXSBWCEF	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NJAXGS7AM093STBAWMZ	0	READY	\N	1	\N	\N	merchant	aba93459c5eb2ae394b24447d211698190d7a0cdbc43aff4ef2c9ee3e8a38faa	\N		größe.webp	grosse.webp	WEBP	1940	320	240	[{"path": "", "format": "WEBP", "width_px": 320, "height_px": 240, "byte_size": 1692}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 1844}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 320, "height_px": 240, "byte_size": 4409}, {"path": "v1/320w.webp", "format": "WEBP", "width_px": 320, "height_px": 240, "byte_size": 2026}, {"path": "v1/320w.avif", "format": "AVIF", "width_px": 320, "height_px": 240, "byte_size": 1694}, {"path": "v1/300w.avif", "format": "AVIF", "width_px": 300, "height_px": 225, "byte_size": 1568}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 614}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 698}]	1	#99c39f	2026-11-27 20:44:11.1978+00
01M8FC0NP9J9WMEA8NFJTJ3RRT	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NPKS6JK4KDPT94M0JDA	0	READY	\N	1	\N	\N	merchant	40ce3d1417b29c3d0084cd01ae6f4d7efa17191003ebdf069c6cdca5aad4acf2	\N		transparent.avif	transparent.avif	AVIF	1090	160	120	[{"path": "", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 3299}, {"path": "v1/160w.webp", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 830}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 160, "height_px": 120, "byte_size": 2321}, {"path": "v1/160w.avif", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 1218}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 2076}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 1624}]	1	#b8d9c0	2026-11-27 20:44:11.337473+00
01M8FC0NQD8098EKG3XN55KE6V	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NQQ5XK6C60F9DSAH2JC	0	READY	\N	1	\N	\N	merchant	fbfd3eb18dfd80cdc43fb747d6f3559f0d815717fd26a5084a2753167f7d0f17	\N		animated.webp	animated.webp	WEBP	4958	160	120	[{"path": "", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 3740}, {"path": "v1/160w.webp", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 1212}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 160, "height_px": 120, "byte_size": 2470}, {"path": "v1/160w.avif", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 830}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 738}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 810}]	1	#dc988f	2026-11-27 20:44:11.373052+00
01M8FC0NV6MTVX60K4QSFWA18C	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NVJ6K8T5T8HZ6GTZ91E	0	READY	\N	1	\N	\N	merchant	e0e7d83866bb5e646e2ffb1c3361aa05748cd5aa80c04a0134dfb9c2c3d3d0e2	\N		payload.png	payload.png	PNG	3172	32	32	[{"path": "", "format": "PNG", "width_px": 32, "height_px": 32, "byte_size": 3172}, {"path": "v1/32w.webp", "format": "WEBP", "width_px": 32, "height_px": 32, "byte_size": 1206}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 32, "height_px": 32, "byte_size": 1251}, {"path": "v1/32w.avif", "format": "AVIF", "width_px": 32, "height_px": 32, "byte_size": 1127}]	1	#857d7b	2026-11-27 20:44:11.494715+00
01M8FC0NWHMHJQNNFXW4XS030T	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NW4HYX1FYV9Y6WQD1KT	0	READY	\N	1	\N	\N	commerce	b852afff535cba5a22b9c1f42b4e93bb521e7dd06697df6f1b5dc634c589eec9	\N	still	still.gif	still.gif	GIF	1027	320	240	[{"path": "", "format": "GIF", "width_px": 320, "height_px": 240, "byte_size": 1027}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 2332}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 320, "height_px": 240, "byte_size": 4681}, {"path": "v1/320w.webp", "format": "WEBP", "width_px": 320, "height_px": 240, "byte_size": 2390}, {"path": "v1/320w.avif", "format": "AVIF", "width_px": 320, "height_px": 240, "byte_size": 1161}, {"path": "v1/300w.avif", "format": "AVIF", "width_px": 300, "height_px": 225, "byte_size": 1638}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 764}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 745}]	1	#dc988f	2026-11-27 20:44:11.537915+00
01M8FC0P00NAANZ6NJRW0ZMWNV	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0NZPQC243PTJ07H9M8P8	0	READY	\N	1	\N	\N	commerce	e9f400df7f9eac07741963e74961775112015d0eda0f75b52438caecf78a7fc7	\N	screen	screen.gif	screen.gif	GIF	270	160	120	[{"path": "", "format": "GIF", "width_px": 160, "height_px": 120, "byte_size": 405}, {"path": "v1/160w.webp", "format": "WEBP", "width_px": 160, "height_px": 120, "byte_size": 658}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 160, "height_px": 120, "byte_size": 1614}, {"path": "v1/160w.avif", "format": "AVIF", "width_px": 160, "height_px": 120, "byte_size": 606}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 412}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 563}]	1	#d7e3d3	2026-11-27 20:44:11.648558+00
01M8FC0PZ7T1K0PHZCCFBFD9EZ	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0Q00SJ87BJQYR5TSPAKH	0	READY	\N	0	\N	\N	merchant	5a1d70a8c12a4f58bc3c9a4ae7af931b20b5f5d55bacbf48575e9bcdfca9be99	01M8FC0NEKBPR79GB2ZCVKAMSW		café crème.jpg	cafe-creme.jpg	JPEG	11337	640	480	[{"path": "", "format": "JPEG", "width_px": 640, "height_px": 480, "byte_size": 11322}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 2130}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 640, "height_px": 480, "byte_size": 9372}, {"path": "v1/640w.webp", "format": "WEBP", "width_px": 640, "height_px": 480, "byte_size": 5726}, {"path": "v1/640w.avif", "format": "AVIF", "width_px": 640, "height_px": 480, "byte_size": 4432}, {"path": "v1/500w.webp", "format": "WEBP", "width_px": 500, "height_px": 375, "byte_size": 3956}, {"path": "v1/500w.avif", "format": "AVIF", "width_px": 500, "height_px": 375, "byte_size": 2512}, {"path": "v1/300w.avif", "format": "AVIF", "width_px": 300, "height_px": 225, "byte_size": 1404}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 722}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 742}]	1	#dc988f	2026-11-27 20:44:12.647522+00
01M8FC0Q1KD7HZNNBRJJPTK9PP	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0Q16NY65Z11EZ7PYX4E5	1	READY	\N	1	\N	\N	commerce	dec0bb5c721c641f75aa303cc26fc53702513abc57e666778e07e5535516fa82	\N	Vu de face	red.png	red.png	PNG	1620	320	240	[{"path": "", "format": "PNG", "width_px": 320, "height_px": 240, "byte_size": 1067}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 2332}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 320, "height_px": 240, "byte_size": 4681}, {"path": "v1/320w.webp", "format": "WEBP", "width_px": 320, "height_px": 240, "byte_size": 2390}, {"path": "v1/320w.avif", "format": "AVIF", "width_px": 320, "height_px": 240, "byte_size": 1161}, {"path": "v1/300w.avif", "format": "AVIF", "width_px": 300, "height_px": 225, "byte_size": 1638}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 75, "byte_size": 764}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 75, "byte_size": 745}]	1	#dc988f	2026-11-27 20:44:12.72372+00
01M8FC0Q5SZ2HF1YHF0BQ75N8Z	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0Q16NY65Z11EZ7PYX4E5	2	READY	\N	1	\N	\N	commerce	775a517a4e7e21a8ac7b1066cb0d8e3c52e2a5b11354e8c0422cf50d319a114a	\N	Von der Seite – grün	green.png	green.png	PNG	1583	300	240	[{"path": "", "format": "PNG", "width_px": 300, "height_px": 240, "byte_size": 1028}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 240, "byte_size": 1984}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 300, "height_px": 240, "byte_size": 4084}, {"path": "v1/300w.avif", "format": "AVIF", "width_px": 300, "height_px": 240, "byte_size": 1002}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 80, "byte_size": 666}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 80, "byte_size": 685}]	1	#99c49e	2026-11-27 20:44:12.857836+00
01M8FC0Q6MZAQG8GKJJ5Y82MAZ	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0Q16NY65Z11EZ7PYX4E5	0	READY	\N	1	\N	\N	commerce	41a5ca5efaf39afb5aa3e28e1fd37353851c733461f7cd8b44bd6ad90dc35fac	\N	From above	blue.png	blue.png	PNG	1568	280	240	[{"path": "", "format": "PNG", "width_px": 280, "height_px": 240, "byte_size": 1027}, {"path": "v1/280w.webp", "format": "WEBP", "width_px": 280, "height_px": 240, "byte_size": 2224}, {"path": "v1/share.jpg", "format": "JPEG", "width_px": 280, "height_px": 240, "byte_size": 4274}, {"path": "v1/280w.avif", "format": "AVIF", "width_px": 280, "height_px": 240, "byte_size": 1002}, {"path": "v1/100w.webp", "format": "WEBP", "width_px": 100, "height_px": 86, "byte_size": 840}, {"path": "v1/100w.avif", "format": "AVIF", "width_px": 100, "height_px": 86, "byte_size": 741}]	1	#96a9d3	2026-11-27 20:44:12.884131+00
01M8FC0R4YVCDJHS8G9V64ARTN	01M8FC0M9H9CXREMX3KBB6MH1Y	\N	0	READY	\N	0	\N	2026-11-28 20:44:13.836567+00	merchant	ca34b66f095d8f2506b4929e3d0ab83a439bd6381175c3051052a5258545f781	\N		staged.png	staged.png	PNG	1621	320	240	[{"path": "", "format": "PNG", "width_px": 320, "height_px": 240, "byte_size": 1068}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 1958}]	\N	#98c39e	2026-11-27 20:44:13.854412+00
01M8FC0QZW6M5V1QNFWRCKNR0N	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0QZF7RG50GAFRW26GSQ6	0	ERROR	damaged	1	\N	\N	commerce	4e377f840154219d14d32bc3202553a03eb8f1ad995599b965666c6096524bbc	\N	truncated	truncated.png	truncated.png	PNG	810	320	240	[]	1	#e5e7eb	2026-11-27 20:44:13.692953+00
01M8FC0R1X757JTNAKXP75ANQP	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0R2AZKK5XN09TW7K3M84	0	READY	\N	0	\N	\N	merchant	14e5e96498ae01752e9476a9cc8e230d41089f5a6b8661151248c510a5006124	\N		no ladder.png	no-ladder.png	PNG	1620	320	240	[{"path": "", "format": "PNG", "width_px": 320, "height_px": 240, "byte_size": 1067}, {"path": "v1/300w.webp", "format": "WEBP", "width_px": 300, "height_px": 225, "byte_size": 1954}]	\N	#e8d28a	2026-11-27 20:44:13.757727+00
01M8FC0R3FED7NBC3A9CBTT5RY	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0R2Z10TECRSQNY724ADW	0	PROCESSING	\N	0	\N	\N	commerce	448e3f60ebea2e70361b0b6dbe3db52bab2ca54af41ddc4604d937c0d5425943	\N	processing	processing.png	processing.png	PNG	1622	320	240	[]	\N	#e5e7eb	2026-11-27 20:44:13.807595+00
\.


--
-- Data for Name: import_job; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.import_job (id, company_id, created_by_id, filename, status, content, mapping, result, done_copies, total_copies, created_at, expires_at, fingerprint, working_until) FROM stdin;
01M8FC0QHM5W2KMFR62MMSEX4S	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0MDCDAZ3B8WR2BVXQTSW	préparation.csv	PREVIEW	sku,name,price,stock\nCSV-3,Tarte flambée,7.00,5\n,No SKU,1.00,1\n	{"sku": 0, "name": 1, "price": 2, "stock": 3}	\N	0	0	2026-11-27 20:44:13.2363+00	2026-11-28 20:44:13.235943+00	\N	\N
01M8FC0QFRBK86MZ8SJ7CJ9Z7Z	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0MDCDAZ3B8WR2BVXQTSW	products.csv	DONE	sku,name,price,stock,category,imageUrl\nCSV-1,Crème brûlée,4.50,20,Desserts,\nCSV-2,Smörgåstårta,12.00,3,Desserts,https://images.example.com/cake.jpg\nPLAIN-1,Without image,11.00,7,Furniture,\n	{"sku": 0, "name": 1, "category": 4, "price": 2, "stock": 3, "imageUrl": 5}	{"created": 2, "updated": 1, "unchanged": 0}	0	0	2026-11-27 20:44:13.176193+00	2026-11-28 20:44:13.175235+00	bf70345e99520a568866f08dc2f9404f9470b8ec916c76e896987cc6de4248e7	\N
\.


--
-- Data for Name: installation; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.installation (id, store_id, created_at, target_id, frozen_until, moved_from) FROM stdin;
1	01M8FC0M8E3KRV6P7VDRKJCYCF	2026-11-27 20:44:09.88263+00	\N	\N	\N
\.


--
-- Data for Name: order; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public."order" (id, company_id, number, submit_token, status, po_number, notes, total_minor, customer_id, created_by_id, created_at, updated_at) FROM stdin;
01M8FC0QKAJJT9ZKWBRHHG829C	01M8FC0M9H9CXREMX3KBB6MH1Y	1	01M8FC0QK2BV4MFFHB2CSVYR2T	SUBMITTED	PO-Ä	\N	999	C-1	01M8FC0MDCDAZ3B8WR2BVXQTSW	2026-11-27 20:44:13.283869+00	2026-11-27 20:44:13.283869+00
01M8FC0QKXSV1HYMBAC4DEP8ZW	01M8FC0M9H9CXREMX3KBB6MH1Y	2	01M8FC0QKS2X388P74PNMBR40Q	CONFIRMED	\N	This order is CONFIRMED	999	C-2	01M8FC0MDCDAZ3B8WR2BVXQTSW	2026-11-27 20:44:13.306213+00	2026-11-27 20:44:13.306213+00
01M8FC0QM93E9ZX6YN4PE9FJZJ	01M8FC0M9H9CXREMX3KBB6MH1Y	3	01M8FC0QM51ZGBQ9T55AG9419P	SHIPPED	\N	This order is SHIPPED	999	C-2	01M8FC0MDCDAZ3B8WR2BVXQTSW	2026-11-27 20:44:13.318289+00	2026-11-27 20:44:13.318289+00
01M8FC0QMM5F3KHGJHST9ZM4F9	01M8FC0M9H9CXREMX3KBB6MH1Y	4	01M8FC0QMGCGT4CYWGEVJPD156	DELIVERED	\N	This order is DELIVERED	999	C-2	01M8FC0MDCDAZ3B8WR2BVXQTSW	2026-11-27 20:44:13.329251+00	2026-11-27 20:44:13.329251+00
01M8FC0QN066G32004QA7HCE4Z	01M8FC0M9H9CXREMX3KBB6MH1Y	5	01M8FC0QMVZKWRJK4M7P1RVZ4R	CANCELLED	\N	This order is CANCELLED	999	C-2	01M8FC0MDCDAZ3B8WR2BVXQTSW	2026-11-27 20:44:13.340174+00	2026-11-27 20:44:13.340174+00
01M8FC0QNCN9D8XHZVPE64D5FJ	01M8FC0M9H9CXREMX3KBB6MH1Y	6	01M8FC0QN88G54Q9822WAMBKFM	SUBMITTED	\N	\N	2997	C-3	01M8FC0MDCDAZ3B8WR2BVXQTSW	2026-11-27 20:44:13.353018+00	2026-11-27 20:44:13.353018+00
\.


--
-- Data for Name: order_draft; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.order_draft (user_id, token, content, saved_at) FROM stdin;
01M8FC0MDCDAZ3B8WR2BVXQTSW	a-draft-of-alice-01	{"lines": [["01M8FC0NGXWZ8268BJWHAZCVHD", "1", 999]], "notes": "Still \\u00e9crit"}	2026-11-27 20:44:13.375376+00
\.


--
-- Data for Name: order_line; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.order_line (id, order_id, product_id, "position", name, sku, unit_price_minor, quantity) FROM stdin;
01M8FC0QKBKWXC3BGGVVBTDBA6	01M8FC0QKAJJT9ZKWBRHHG829C	01M8FC0NGXWZ8268BJWHAZCVHD	0	Blue Widget, PNG	FORM-2	999	1
01M8FC0QKXSV1HYMBAC4DEP8ZX	01M8FC0QKXSV1HYMBAC4DEP8ZW	01M8FC0NGXWZ8268BJWHAZCVHD	0	Blue Widget, PNG	FORM-2	999	1
01M8FC0QM93E9ZX6YN4PE9FJZK	01M8FC0QM93E9ZX6YN4PE9FJZJ	01M8FC0NGXWZ8268BJWHAZCVHD	0	Blue Widget, PNG	FORM-2	999	1
01M8FC0QMM5F3KHGJHST9ZM4FA	01M8FC0QMM5F3KHGJHST9ZM4F9	01M8FC0NGXWZ8268BJWHAZCVHD	0	Blue Widget, PNG	FORM-2	999	1
01M8FC0QN18X6T9D7NA7N2R9W1	01M8FC0QN066G32004QA7HCE4Z	01M8FC0NGXWZ8268BJWHAZCVHD	0	Blue Widget, PNG	FORM-2	999	1
01M8FC0QNDFPBNTNDPP5FCK90A	01M8FC0QNCN9D8XHZVPE64D5FJ	01M8FC0NGXWZ8268BJWHAZCVHD	0	Blue Widget, PNG	FORM-2	999	1
01M8FC0QNDFPBNTNDPP5FCK90B	01M8FC0QNCN9D8XHZVPE64D5FJ	\N	1	Deleted since	DEL-1	999	2
\.


--
-- Data for Name: outbox_entry; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.outbox_entry (id, prefix, due_at, final_after, attempts, last_error, created_at, published) FROM stdin;
01M8FC0QZ3DGR00REPZY5ZKC77	incoming/01M8FC0QV8CGVWPX4WF15AT0X2/	2026-11-27 20:44:13.668103+00	\N	0	\N	2026-11-27 20:44:13.668105+00	null
01M8FC0QZ3DGR00REPZY5ZKC76	images/01M8FC0QV8CGVWPX4WF15AT0X2/	2026-11-27 20:44:43.673078+00	\N	1	images/01M8FC0QV8CGVWPX4WF15AT0X2/ cannot be deleted now	2026-11-27 20:44:13.668102+00	["images/01M8FC0QV8CGVWPX4WF15AT0X2/removed.png", "images/01M8FC0QV8CGVWPX4WF15AT0X2/v1/300w.webp", "images/01M8FC0QV8CGVWPX4WF15AT0X2/v1/share.jpg", "images/01M8FC0QV8CGVWPX4WF15AT0X2/v1/320w.webp", "images/01M8FC0QV8CGVWPX4WF15AT0X2/v1/320w.avif", "images/01M8FC0QV8CGVWPX4WF15AT0X2/v1/300w.avif", "images/01M8FC0QV8CGVWPX4WF15AT0X2/v1/100w.webp", "images/01M8FC0QV8CGVWPX4WF15AT0X2/v1/100w.avif"]
\.


--
-- Data for Name: product; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.product (id, company_id, name, sku, description, category, unit, price_minor, stock, is_active, external_image_url, version, created_at, updated_at, search_text, search_number) FROM stdin;
01M8FC0N93PT6BCEGJPFY6SSSR	01M8FC0M9H9CXREMX3KBB6MH1Y	Without SKU	\N	Two\nlines, “quoted”.	Möbel	each	999	12	t	\N	1	2026-11-27 20:44:10.916459+00	2026-11-27 20:44:10.916462+00	  without  sku\n\n  mobel	\N
01M8FC0N9CAMCZSAP6TG1B3V78	01M8FC0M9H9CXREMX3KBB6MH1Y	Inactive	OFF-1	\N	\N	each	999	12	f	\N	1	2026-11-27 20:44:10.925244+00	2026-11-27 20:44:10.925247+00	  inactive\n  off-1\n	\N
01M8FC0N9NA1VRFHVQEX31W9B3	01M8FC0M9H9CXREMX3KBB6MH1Y	Out of stock	OUT-1	\N	Furniture	each	999	0	t	\N	1	2026-11-27 20:44:10.934416+00	2026-11-27 20:44:10.934419+00	  out  of  stock\n  out-1\n  furniture	\N
01M8FC0NFATM6KB70RNY7ZC5FD	01M8FC0M9H9CXREMX3KBB6MH1Y	Café crème, JPEG	FORM-1	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.11676+00	2026-11-27 20:44:11.116764+00	  cafe  creme,  jpeg\n  form-1\n  images	\N
01M8FC0NJAXGS7AM093STBAWMZ	01M8FC0M9H9CXREMX3KBB6MH1Y	Größe Übergroß, WebP	FORM-3	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.211144+00	2026-11-27 20:44:11.211147+00	  grosse  ubergross,  webp\n  form-3\n  images	\N
01M8FC0NM7CCV2EHCKTN7V125D	01M8FC0M9H9CXREMX3KBB6MH1Y	Żółta łódź, AVIF	FORM-4	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.273015+00	2026-11-27 20:44:11.273017+00	  zołta  łodz,  avif\n  form-4\n  images	\N
01M8FC0NNC1D26HP38ZMFVXKDG	01M8FC0M9H9CXREMX3KBB6MH1Y	Transparent PNG	FORM-5	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.309716+00	2026-11-27 20:44:11.309719+00	  transparent  png\n  form-5\n  images	\N
01M8FC0NPKS6JK4KDPT94M0JDA	01M8FC0M9H9CXREMX3KBB6MH1Y	Transparent AVIF	FORM-6	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.34871+00	2026-11-27 20:44:11.348713+00	  transparent  avif\n  form-6\n  images	\N
01M8FC0NQQ5XK6C60F9DSAH2JC	01M8FC0M9H9CXREMX3KBB6MH1Y	Animated WebP	FORM-7	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.384283+00	2026-11-27 20:44:11.384286+00	  animated  webp\n  form-7\n  images	\N
01M8FC0NRQ825YKPP5Q0THZMG0	01M8FC0M9H9CXREMX3KBB6MH1Y	Animated PNG	FORM-8	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.416474+00	2026-11-27 20:44:11.416477+00	  animated  png\n  form-8\n  images	\N
01M8FC0NSPJEKMRAMGRDJYXVN4	01M8FC0M9H9CXREMX3KBB6MH1Y	Animated PNG with a still	FORM-9	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.44751+00	2026-11-27 20:44:11.447513+00	  animated  png  with  a  still\n  form-9\n  images	\N
01M8FC0NTMEX5HZ8NW9Y006JSW	01M8FC0M9H9CXREMX3KBB6MH1Y	16-bit PNG with a color key	FORM-10	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.47723+00	2026-11-27 20:44:11.477232+00	  16-bit  png  with  a  color  key\n  form-10\n  images	\N
01M8FC0NVJ6K8T5T8HZ6GTZ91E	01M8FC0M9H9CXREMX3KBB6MH1Y	PNG with a payload	FORM-11	\N	Images	each	999	12	t	\N	1	2026-11-27 20:44:11.507554+00	2026-11-27 20:44:11.507556+00	  png  with  a  payload\n  form-11\n  images	\N
01M8FC0P3K881XN6GPG348JPF0	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	É-1	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.764355+00	2026-11-27 20:44:11.764359+00	  sku  with  odd  characters\n  e-1\n  odd  skus	\N
01M8FC0P0M5NZK8AXP780MPMV4	01M8FC0M9H9CXREMX3KBB6MH1Y	External image	EXT-1	\N	\N	crate	999	12	t	https://images.example.com/external.jpg?width=800	1	2026-11-27 20:44:11.668463+00	2026-11-27 20:44:11.668466+00	  external  image\n  ext-1\n	\N
01M8FC0P0WTPT8DJV05BMR3M0Y	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	A 1	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.676589+00	2026-11-27 20:44:11.676592+00	  sku  with  odd  characters\n  a  1\n  odd  skus	\N
01M8FC0P13BEXQABS3T770FHYG	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	B  2	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.683569+00	2026-11-27 20:44:11.683572+00	  sku  with  odd  characters\n  b  2\n  odd  skus	\N
01M8FC0P19QCVF9QR5CGZTZZP8	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	C​3	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.690138+00	2026-11-27 20:44:11.690141+00	  sku  with  odd  characters\n  c​3\n  odd  skus	\N
01M8FC0P1GQW9YDM6P3XCRAXT7	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	D\t4	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.696666+00	2026-11-27 20:44:11.69667+00	  sku  with  odd  characters\n  d  4\n  odd  skus	\N
01M8FC0P1QZDA180ZGHX1QPSH1	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	M2	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.703589+00	2026-11-27 20:44:11.703592+00	  sku  with  odd  characters\n  m2\n  odd  skus	\N
01M8FC0P1X0C46GWA9R28XY3FH	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	M²	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.709945+00	2026-11-27 20:44:11.709948+00	  sku  with  odd  characters\n  m2\n  odd  skus	\N
01M8FC0P245E8NMA20KQQN6T0R	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	A 1	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.717059+00	2026-11-27 20:44:11.717062+00	  sku  with  odd  characters\n  a  1\n  odd  skus	\N
01M8FC0P2FBC71XVCZ4A4DC0W9	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	A­ 1	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.72771+00	2026-11-27 20:44:11.727713+00	  sku  with  odd  characters\n  a­  1\n  odd  skus	\N
01M8FC0P2Q265218749KF86A2Q	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	A​ 1	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.736406+00	2026-11-27 20:44:11.736409+00	  sku  with  odd  characters\n  a​  1\n  odd  skus	\N
01M8FC0P3166JXJ64AWZ3QWC89	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	A 1 ​	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.746026+00	2026-11-27 20:44:11.74603+00	  sku  with  odd  characters\n  a  1  ​\n  odd  skus	\N
01M8FC0P3ASS4DR88Y8F8MGW87	01M8FC0M9H9CXREMX3KBB6MH1Y	SKU with odd characters	É-1	\N	Odd SKUs	each	999	12	t	\N	1	2026-11-27 20:44:11.755254+00	2026-11-27 20:44:11.755258+00	  sku  with  odd  characters\n  e-1\n  odd  skus	\N
01M8FC0NW4HYX1FYV9Y6WQD1KT	01M8FC0M9H9CXREMX3KBB6MH1Y	Still GIF	GIF-1	\N	\N	each	999	12	t	\N	3	2026-11-27 20:44:11.525222+00	2026-11-27 20:44:11.838196+00	  still  gif\n  gif-1\n	\N
01M8FC0NX958V2MD8C4C8PADMR	01M8FC0M9H9CXREMX3KBB6MH1Y	Still GIF with a transparent color	GIF-2	\N	\N	each	999	12	t	\N	3	2026-11-27 20:44:11.562022+00	2026-11-27 20:44:11.863502+00	  still  gif  with  a  transparent  color\n  gif-2\n	\N
01M8FC0NYJT7NFB8NGZ6P7C08P	01M8FC0M9H9CXREMX3KBB6MH1Y	Animated GIF	GIF-3	\N	\N	each	999	12	t	\N	3	2026-11-27 20:44:11.602735+00	2026-11-27 20:44:11.888916+00	  animated  gif\n  gif-3\n	\N
01M8FC0NZPQC243PTJ07H9M8P8	01M8FC0M9H9CXREMX3KBB6MH1Y	GIF on a larger screen	GIF-4	\N	\N	each	999	12	t	\N	3	2026-11-27 20:44:11.638586+00	2026-11-27 20:44:11.912885+00	  gif  on  a  larger  screen\n  gif-4\n	\N
01M8FC0P40P8SGWK524RBFBN8G	01M8FC0ME4J1NXXA74JKNW799G	Globex Widget	A 1	\N	\N	each	999	12	t	\N	3	2026-11-27 20:44:11.776853+00	2026-11-27 20:44:11.949289+00	  globex  widget\n  a  1\n	\N
01M8FC0Q00SJ87BJQYR5TSPAKH	01M8FC0M9H9CXREMX3KBB6MH1Y	Copied image	COPY-1	\N	\N	each	999	12	t	\N	1	2026-11-27 20:44:12.674314+00	2026-11-27 20:44:12.674317+00	  copied  image\n  copy-1\n	\N
01M8FC0QJ87NHQHPJ5KP9ANVT6	01M8FC0M9H9CXREMX3KBB6MH1Y	Crème brûlée	CSV-1	\N	Desserts	each	450	20	t	\N	1	2026-11-27 20:44:13.251578+00	2026-11-27 20:44:13.251578+00	  creme  brulee\n  csv-1\n  desserts	\N
01M8FC0Q16NY65Z11EZ7PYX4E5	01M8FC0M9H9CXREMX3KBB6MH1Y	Gallery of three	GAL-1	\N	Images	each	999	12	t	\N	11	2026-11-27 20:44:12.711416+00	2026-11-27 20:44:13.169526+00	  gallery  of  three\n  gal-1\n  images	\N
01M8FC0QJ8CB8QT3481NNBG9K0	01M8FC0M9H9CXREMX3KBB6MH1Y	Smörgåstårta	CSV-2	\N	Desserts	each	1200	3	t	https://images.example.com/cake.jpg	1	2026-11-27 20:44:13.251578+00	2026-11-27 20:44:13.251578+00	  smorgastarta\n  csv-2\n  desserts	\N
01M8FC0N8MSFW6PADYTPYA4AME	01M8FC0M9H9CXREMX3KBB6MH1Y	Without image	PLAIN-1	\N	Furniture	each	1100	7	t	\N	2	2026-11-27 20:44:10.901622+00	2026-11-27 20:44:13.251578+00	  without  image\n  plain-1\n  furniture	\N
01M8FC0NGXWZ8268BJWHAZCVHD	01M8FC0M9H9CXREMX3KBB6MH1Y	Blue Widget, PNG	FORM-2	\N	Images	each	999	6	t	\N	1	2026-11-27 20:44:11.167053+00	2026-11-27 20:44:13.353018+00	  blue  widget,  png\n  form-2\n  images	\N
01M8FC0QP5VAE7H6P5J59GX4HZ	01M8FC0M9H9CXREMX3KBB6MH1Y	Image removed	REM-1	\N	\N	each	999	12	t	\N	4	2026-11-27 20:44:13.382102+00	2026-11-27 20:44:13.516496+00	  image  removed\n  rem-1\n	\N
01M8FC0QTTSSNXQRY1RGNTP6PV	01M8FC0M9H9CXREMX3KBB6MH1Y	Image still to be deleted	REM-2	\N	\N	each	999	12	t	\N	4	2026-11-27 20:44:13.530971+00	2026-11-27 20:44:13.670672+00	  image  still  to  be  deleted\n  rem-2\n	\N
01M8FC0QZF7RG50GAFRW26GSQ6	01M8FC0M9H9CXREMX3KBB6MH1Y	Image in ERROR	ERR-1	\N	\N	each	999	12	t	\N	2	2026-11-27 20:44:13.680304+00	2026-11-27 20:44:13.708398+00	  image  in  error\n  err-1\n	\N
01M8FC0R2AZKK5XN09TW7K3M84	01M8FC0M9H9CXREMX3KBB6MH1Y	No ladder yet	LAD-1	\N	\N	each	999	12	t	\N	1	2026-11-27 20:44:13.772206+00	2026-11-27 20:44:13.772209+00	  no  ladder  yet\n  lad-1\n	\N
01M8FC0R2Z10TECRSQNY724ADW	01M8FC0M9H9CXREMX3KBB6MH1Y	Image PROCESSING	PRO-1	\N	\N	each	999	12	t	\N	2	2026-11-27 20:44:13.791677+00	2026-11-27 20:44:13.827091+00	  image  processing\n  pro-1\n	\N
\.


--
-- Data for Name: user; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public."user" (id, company_id, email, name, password_hash, role, session_token, created_at) FROM stdin;
01M8FC0MDCDAZ3B8WR2BVXQTSW	01M8FC0M9H9CXREMX3KBB6MH1Y	alice@acme.test	Alice Ångström	scrypt:32768:8:1$bXlvX61EH7FhM1Tb$18e6584c4184075b9a1a80958b153a2d3f41c18fec95e60ae2e4b627d63b12ca061a1d98bde7f65e0a1e38d744ac62acb50a74a03e32bfe20ea455e9e969362c	OWNER	d2e9ae4f2f036160fc0afa474bc7e6a9	2026-11-27 20:44:10.028463+00
01M8FC0MJDR9W5EXZX8WF2GWRT	01M8FC0ME4J1NXXA74JKNW799G	mallory@globex.test	Mallory	scrypt:32768:8:1$VVYgUUw2MFJwsqRz$83e97f7347ec81ecd469cd26b68abcf4620f84fc01243d5fcf061376d63df7ce961a926b186b6bf3a94f86cee0c86165d457e7f820f50e1379a8d51a390d9b86	OWNER	9506358a1b0111b1eb88e0720e4b9cac	2026-11-27 20:44:10.189099+00
01M8FC0MJW082068TSSJ1Q1N2G	01M8FC0M9H9CXREMX3KBB6MH1Y	zoe@acme.test	Zoë Admin	scrypt:32768:8:1$83haail9H0DreNZ7$09ffb02efd5dbd02829e9a860da6d04849383ba25c93eaee14faf4b71801aca1e4514352b2f883bb660ab4a9597e244107c89d7b36b777e5c5de43f11cc9deef	ADMIN	ab9b864f76ae32a4b1d7e612f07277bf	2026-11-27 20:44:10.204441+00
01M8FC0MXGQKKPKRNZVRZHRVHP	01M8FC0M9H9CXREMX3KBB6MH1Y	bob@acme.test	Bob	scrypt:32768:8:1$oULQqFWwmuwwyNLf$da4ca64af0d9a5fed69982f8416850daf0e3deb5d94138bcb924d3a131ec373ce4392664b29bbe38bc4d725e620e2c86daac6f99a44b1083f197cd248b86b538	MEMBER	af0eeaad4efe5c097b172550cfb21920	2026-11-27 20:44:10.544535+00
01M8FC0N23ZT93202AXPC1H4XH	01M8FC0M9H9CXREMX3KBB6MH1Y	01M8FC0N23ZT93202AXPC1H4XH	Former Member	\N	REMOVED	5c0f042ccdaaca6257fd9e403bd064d6	2026-11-27 20:44:10.691219+00
\.


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: api_key pk_api_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT pk_api_key PRIMARY KEY (id);


--
-- Name: audit_entry pk_audit_entry; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT pk_audit_entry PRIMARY KEY (id);


--
-- Name: company pk_company; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.company
    ADD CONSTRAINT pk_company PRIMARY KEY (id);


--
-- Name: idempotency_key pk_idempotency_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT pk_idempotency_key PRIMARY KEY (id);


--
-- Name: image pk_image; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.image
    ADD CONSTRAINT pk_image PRIMARY KEY (id);


--
-- Name: import_job pk_import_job; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_job
    ADD CONSTRAINT pk_import_job PRIMARY KEY (id);


--
-- Name: installation pk_installation; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.installation
    ADD CONSTRAINT pk_installation PRIMARY KEY (id);


--
-- Name: order pk_order; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."order"
    ADD CONSTRAINT pk_order PRIMARY KEY (id);


--
-- Name: order_draft pk_order_draft; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_draft
    ADD CONSTRAINT pk_order_draft PRIMARY KEY (user_id, token);


--
-- Name: order_line pk_order_line; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_line
    ADD CONSTRAINT pk_order_line PRIMARY KEY (id);


--
-- Name: outbox_entry pk_outbox_entry; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox_entry
    ADD CONSTRAINT pk_outbox_entry PRIMARY KEY (id);


--
-- Name: product pk_product; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.product
    ADD CONSTRAINT pk_product PRIMARY KEY (id);


--
-- Name: user pk_user; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT pk_user PRIMARY KEY (id);


--
-- Name: api_key uq_api_key_key_sha256; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT uq_api_key_key_sha256 UNIQUE (key_sha256);


--
-- Name: company uq_company_slug; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.company
    ADD CONSTRAINT uq_company_slug UNIQUE (slug);


--
-- Name: idempotency_key uq_idempotency_key_api_key_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT uq_idempotency_key_api_key_id_key UNIQUE (api_key_id, key);


--
-- Name: order uq_order_company_id_number; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."order"
    ADD CONSTRAINT uq_order_company_id_number UNIQUE (company_id, number);


--
-- Name: order uq_order_company_id_submit_token; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."order"
    ADD CONSTRAINT uq_order_company_id_submit_token UNIQUE (company_id, submit_token);


--
-- Name: product uq_product_company_id_sku; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.product
    ADD CONSTRAINT uq_product_company_id_sku UNIQUE (company_id, sku);


--
-- Name: user uq_user_email; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT uq_user_email UNIQUE (email);


--
-- Name: ix_api_key_company_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_api_key_company_id ON public.api_key USING btree (company_id);


--
-- Name: ix_audit_entry_company; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_audit_entry_company ON public.audit_entry USING btree (company_id, created_at, id);


--
-- Name: ix_idempotency_key_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_idempotency_key_expires_at ON public.idempotency_key USING btree (expires_at);


--
-- Name: ix_image_kept_until; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_image_kept_until ON public.image USING btree (kept_until);


--
-- Name: ix_image_product; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_image_product ON public.image USING btree (product_id, "position");


--
-- Name: ix_image_unfinished; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_image_unfinished ON public.image USING btree (ladder_version, writing_until);


--
-- Name: ix_import_job_company_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_import_job_company_id ON public.import_job USING btree (company_id);


--
-- Name: ix_import_job_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_import_job_expires_at ON public.import_job USING btree (expires_at);


--
-- Name: ix_order_company_created; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_order_company_created ON public."order" USING btree (company_id, created_at, id);


--
-- Name: ix_order_line_order_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_order_line_order_id ON public.order_line USING btree (order_id);


--
-- Name: ix_order_line_product_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_order_line_product_id ON public.order_line USING btree (product_id);


--
-- Name: ix_outbox_entry_due_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_outbox_entry_due_at ON public.outbox_entry USING btree (due_at);


--
-- Name: ix_outbox_entry_prefix; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_outbox_entry_prefix ON public.outbox_entry USING btree (prefix);


--
-- Name: ix_product_company_category; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_product_company_category ON public.product USING btree (company_id, category, name, id);


--
-- Name: ix_product_company_created; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_product_company_created ON public.product USING btree (company_id, created_at, id);


--
-- Name: ix_product_company_folded; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_product_company_folded ON public.product USING btree (company_id, search_text, id) INCLUDE (is_active);


--
-- Name: ix_product_company_name; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_product_company_name ON public.product USING btree (company_id, name, id);


--
-- Name: ix_product_company_updated; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_product_company_updated ON public.product USING btree (company_id, updated_at, id);


--
-- Name: ix_product_search_trigrams; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_product_search_trigrams ON public.product USING gin (company_id, search_text public.gin_trgm_ops) WITH (gin_pending_list_limit='256');


--
-- Name: ix_user_company_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_user_company_id ON public."user" USING btree (company_id);


--
-- Name: image catalogue_image_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE CONSTRAINT TRIGGER catalogue_image_delete AFTER DELETE ON public.image DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((old.product_id IS NOT NULL)) EXECUTE FUNCTION public.raise_catalogue_version();


--
-- Name: image catalogue_image_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE CONSTRAINT TRIGGER catalogue_image_insert AFTER INSERT ON public.image DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.product_id IS NOT NULL)) EXECUTE FUNCTION public.raise_catalogue_version();


--
-- Name: image catalogue_image_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE CONSTRAINT TRIGGER catalogue_image_update AFTER UPDATE ON public.image DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.product_id IS NOT NULL) OR (old.product_id IS NOT NULL))) EXECUTE FUNCTION public.raise_catalogue_version();


--
-- Name: product catalogue_product_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE CONSTRAINT TRIGGER catalogue_product_delete AFTER DELETE ON public.product DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.raise_catalogue_version();


--
-- Name: product catalogue_product_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE CONSTRAINT TRIGGER catalogue_product_insert AFTER INSERT ON public.product DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.raise_catalogue_version();


--
-- Name: product catalogue_product_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE CONSTRAINT TRIGGER catalogue_product_update AFTER UPDATE ON public.product DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.raise_catalogue_version();


--
-- Name: api_key fk_api_key_company_id_company; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT fk_api_key_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);


--
-- Name: api_key fk_api_key_created_by_id_user; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT fk_api_key_created_by_id_user FOREIGN KEY (created_by_id) REFERENCES public."user"(id) ON DELETE SET NULL;


--
-- Name: audit_entry fk_audit_entry_company_id_company; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT fk_audit_entry_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);


--
-- Name: idempotency_key fk_idempotency_key_api_key_id_api_key; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT fk_idempotency_key_api_key_id_api_key FOREIGN KEY (api_key_id) REFERENCES public.api_key(id) ON DELETE CASCADE;


--
-- Name: image fk_image_company_id_company; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.image
    ADD CONSTRAINT fk_image_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id) ON DELETE RESTRICT;


--
-- Name: image fk_image_product_id_product; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.image
    ADD CONSTRAINT fk_image_product_id_product FOREIGN KEY (product_id) REFERENCES public.product(id) ON DELETE RESTRICT;


--
-- Name: import_job fk_import_job_company_id_company; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_job
    ADD CONSTRAINT fk_import_job_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);


--
-- Name: import_job fk_import_job_created_by_id_user; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.import_job
    ADD CONSTRAINT fk_import_job_created_by_id_user FOREIGN KEY (created_by_id) REFERENCES public."user"(id) ON DELETE SET NULL;


--
-- Name: order fk_order_company_id_company; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."order"
    ADD CONSTRAINT fk_order_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);


--
-- Name: order fk_order_created_by_id_user; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."order"
    ADD CONSTRAINT fk_order_created_by_id_user FOREIGN KEY (created_by_id) REFERENCES public."user"(id) ON DELETE SET NULL;


--
-- Name: order_draft fk_order_draft_user_id_user; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_draft
    ADD CONSTRAINT fk_order_draft_user_id_user FOREIGN KEY (user_id) REFERENCES public."user"(id) ON DELETE CASCADE;


--
-- Name: order_line fk_order_line_order_id_order; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_line
    ADD CONSTRAINT fk_order_line_order_id_order FOREIGN KEY (order_id) REFERENCES public."order"(id) ON DELETE CASCADE;


--
-- Name: order_line fk_order_line_product_id_product; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_line
    ADD CONSTRAINT fk_order_line_product_id_product FOREIGN KEY (product_id) REFERENCES public.product(id) ON DELETE SET NULL;


--
-- Name: product fk_product_company_id_company; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.product
    ADD CONSTRAINT fk_product_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);


--
-- Name: user fk_user_company_id_company; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public."user"
    ADD CONSTRAINT fk_user_company_id_company FOREIGN KEY (company_id) REFERENCES public.company(id);


--
-- PostgreSQL database dump complete
--


