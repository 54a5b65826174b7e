"""How the census treats `pg_catalog`: every table of PostgreSQL 15 to 18.

The views of pg_catalog show the contents of these tables, or what the server is doing; they do not
have objects of their own. Source: PostgreSQL documentation, "System Catalogs".
"""

from __future__ import annotations

from conformance.comparing.census.treatment import Table, Treatment

_BOOKKEEPING = "the server's own bookkeeping"
_COUNTERS = "depends on the rows"
_OWNER = "the owner of an object that is neither a relation nor a type"
_INTERNAL = "internals of an object that an extension or a superuser creates"
_TOLD = "another catalog has the same information"
_PASSWORD = "may contain a password"  # noqa: S105 - not a password
_SERVER_WIDE = "belongs to the whole server, not to a database"
_COMMENT = "a comment, which has no effect"

POSTGRESQL: Table = {
    "pg_aggregate": Treatment(
        ("aggregate",),
        judged="aggfnoid",
        irrelevant={
            "internals of an aggregate, whose definition is not judged": (
                "aggkind aggnumdirectargs aggtransfn aggfinalfn aggcombinefn aggserialfn "
                "aggdeserialfn aggmtransfn aggminvtransfn aggmfinalfn aggfinalextra "
                "aggmfinalextra aggfinalmodify aggmfinalmodify aggsortop aggtranstype "
                "aggtransspace aggmtranstype aggmtransspace agginitval aggminitval"
            )
        },
    ),
    "pg_am": Treatment(
        ("table", "index", "access_method"),
        judged="oid amname",
        irrelevant={_INTERNAL: "amhandler amtype"},
    ),
    "pg_amop": Treatment(reason="the operators of an operator class, which is seen"),
    "pg_amproc": Treatment(reason="the functions of an operator class, which is seen"),
    "pg_attrdef": Treatment(("column", "view"), judged="oid adrelid adnum adbin"),
    "pg_attribute": Treatment(
        ("column", "privilege", "storage"),
        judged="attrelid attname atttypid attnum atttypmod attnotnull attidentity "
        "attgenerated attisdropped attcollation attacl",
        seen="attstattarget attstorage attcompression attoptions",
        irrelevant={
            "an option of a foreign table, which is judged as a whole": "attfdwoptions",
            "copied from the type": "attlen attndims attbyval attalign",
            _BOOKKEEPING: "attcacheoff atthasmissing attmissingval",
            _TOLD: "atthasdef",
            "follows from the parents of the table": "attislocal attinhcount",
        },
    ),
    "pg_auth_members": Treatment(reason=_SERVER_WIDE),
    "pg_authid": Treatment(
        reason=f"{_SERVER_WIDE}; facts name the roles that own objects, have privileges, or bypass "
        "the row security of tables they have privileges on"
    ),
    "pg_cast": Treatment(
        ("cast",), judged="oid castsource casttarget castcontext castfunc castmethod"
    ),
    "pg_class": Treatment(
        ("table", "view", "materialized_view", "sequence", "index", "composite_type", "storage"),
        judged="oid relname relnamespace relowner relam relkind relpersistence relrowsecurity "
        "relforcerowsecurity relreplident relispartition relacl reloptions "
        "reltuples",
        seen="reltablespace reloftype relispopulated relpartbound",
        irrelevant={
            _BOOKKEEPING: "relfilenode reltoastrelid relisshared relrewrite relfrozenxid "
            "relminmxid reltype",
            _COUNTERS: "relpages relallvisible relallfrozen",
            _TOLD: "relhasindex relnatts relchecks relhasrules relhastriggers relhassubclass",
        },
    ),
    "pg_collation": Treatment(
        ("collation",),
        judged="oid collname collnamespace collprovider collisdeterministic collcollate "
        "colliculocale colllocale",
        irrelevant={
            _OWNER: "collowner",
            "internals of a collation": "collencoding collctype collicurules collversion",
        },
    ),
    "pg_constraint": Treatment(
        ("primary_key", "unique", "foreign_key", "check", "exclusion", "domain"),
        judged="oid conname contype condeferrable condeferred convalidated conenforced conrelid "
        "contypid conindid confrelid confupdtype confdeltype confmatchtype conkey confkey "
        "confdelsetcols conexclop conbin conperiod",
        irrelevant={
            "the same as that of the table": "connamespace",
            "follows from the parents of the table": (
                "conparentid conislocal coninhcount connoinherit"
            ),
            "follows from the types of the columns": "conpfeqop conppeqop conffeqop",
        },
    ),
    "pg_conversion": Treatment(
        ("conversion",),
        judged="oid conname connamespace",
        irrelevant={
            _OWNER: "conowner",
            _INTERNAL: "conforencoding contoencoding conproc condefault",
        },
    ),
    "pg_database": Treatment(
        ("setting", "privilege"),
        judged="oid datname datacl",
        seen="datdba encoding datlocprovider datistemplate datconnlimit datcollate datctype "
        "daticulocale datlocale datcollversion",
        irrelevant={
            "how the database was created": "datallowconn dattablespace daticurules",
            _BOOKKEEPING: "datfrozenxid datminmxid dathasloginevt",
        },
    ),
    "pg_db_role_setting": Treatment(("setting",), judged="setdatabase setrole setconfig"),
    "pg_default_acl": Treatment(
        ("default_privilege",),
        judged="oid defaclrole defaclnamespace defaclobjtype defaclacl",
    ),
    "pg_depend": Treatment(
        reason="read to find out which object belongs to an extension, a column, a constraint"
    ),
    "pg_description": Treatment(("comment",), judged="objoid classoid objsubid description"),
    "pg_enum": Treatment(("type",), judged="oid enumtypid enumsortorder enumlabel"),
    "pg_event_trigger": Treatment(
        ("event_trigger",),
        judged="oid evtname evtevent evtfoid evtenabled evttags",
        irrelevant={_OWNER: "evtowner"},
    ),
    "pg_extension": Treatment(
        ("extension",),
        judged="oid extname extversion extnamespace",
        irrelevant={_OWNER: "extowner", "for dumps": "extrelocatable extconfig extcondition"},
    ),
    "pg_foreign_data_wrapper": Treatment(
        ("foreign_data_wrapper", "privilege"),
        judged="oid fdwname fdwacl",
        irrelevant={_OWNER: "fdwowner", _INTERNAL: "fdwhandler fdwvalidator fdwoptions"},
    ),
    "pg_foreign_server": Treatment(
        ("foreign_server", "privilege"),
        judged="oid srvname srvfdw srvacl",
        irrelevant={_OWNER: "srvowner", _PASSWORD: "srvtype srvversion srvoptions"},
    ),
    "pg_foreign_table": Treatment(
        reason="whether a table is foreign is judged; its options may contain a password"
    ),
    "pg_index": Treatment(
        ("index",),
        judged="indexrelid indrelid indnatts indnkeyatts indisunique indnullsnotdistinct "
        "indisprimary indisvalid indisready indislive indisreplident indkey "
        "indcollation indclass indoption indexprs indpred",
        irrelevant={
            "follows from the constraint": "indimmediate indisexclusion",
            "the index that CLUSTER would use": "indisclustered",
            _BOOKKEEPING: "indcheckxmin",
        },
    ),
    "pg_inherits": Treatment(
        ("table",),
        judged="inhrelid inhparent inhdetachpending",
        irrelevant={_BOOKKEEPING: "inhseqno"},
    ),
    "pg_init_privs": Treatment(reason="read to find out which privileges were granted later"),
    "pg_language": Treatment(
        ("language",),
        judged="oid lanname",
        irrelevant={
            _OWNER: "lanowner lanacl",
            _INTERNAL: "lanispl lanpltrusted lanplcallfoid laninline lanvalidator",
        },
    ),
    "pg_largeobject": Treatment(reason="the contents of large objects, which are data"),
    "pg_largeobject_metadata": Treatment(reason="large objects, which are data outside of tables"),
    "pg_namespace": Treatment(
        ("schema", "privilege"),
        judged="oid nspname nspacl nspowner",
    ),
    "pg_opclass": Treatment(
        ("operator_class",),
        judged="oid opcname opcnamespace opcmethod",
        irrelevant={_OWNER: "opcowner", _INTERNAL: "opcfamily opcintype opcdefault opckeytype"},
    ),
    "pg_operator": Treatment(
        ("operator",),
        judged="oid oprname oprnamespace oprleft oprright",
        irrelevant={
            _OWNER: "oprowner",
            "internals of an operator, whose definition is not judged": (
                "oprkind oprcanmerge oprcanhash oprresult oprcom oprnegate oprcode oprrest oprjoin"
            ),
        },
    ),
    "pg_opfamily": Treatment(
        ("operator_family",),
        judged="oid opfname opfnamespace opfmethod",
        irrelevant={_OWNER: "opfowner"},
    ),
    "pg_parameter_acl": Treatment(reason=_SERVER_WIDE),
    "pg_partitioned_table": Treatment(
        ("table",),
        judged="partrelid",
        irrelevant={
            "part of pg_get_partkeydef()": (
                "partstrat partnatts partattrs partclass partcollation partexprs"
            ),
            "told by pg_inherits": "partdefid",
        },
    ),
    "pg_policy": Treatment(
        ("row_security_policy",),
        judged="oid polname polrelid polcmd polpermissive polroles polqual polwithcheck",
    ),
    "pg_proc": Treatment(
        ("function", "procedure", "aggregate", "window_function", "trigger"),
        judged="oid proname pronamespace prokind proargtypes prolang prosecdef proisstrict "
        "provolatile prosrc proconfig proacl",
        seen="proargdefaults proowner procost prorows prosupport proleakproof proparallel",
        irrelevant={
            "part of pg_get_function_result() and pg_get_function_sqlbody()": (
                "prorettype proretset prosqlbody"
            ),
            "names and modes of arguments": "provariadic pronargs pronargdefaults "
            "proallargtypes proargmodes proargnames",
            _INTERNAL: "protrftypes probin",
        },
    ),
    "pg_publication": Treatment(
        ("publication",),
        judged="oid pubname puballtables pubinsert pubupdate pubdelete pubtruncate pubviaroot",
        irrelevant={
            _OWNER: "pubowner",
            "whether a publication has generated columns": "pubgencols",
        },
    ),
    "pg_publication_namespace": Treatment(("publication",), judged="oid pnpubid pnnspid"),
    "pg_publication_rel": Treatment(("publication",), judged="oid prpubid prrelid prqual prattrs"),
    "pg_range": Treatment(
        ("range_type",),
        judged="rngtypid rngsubtype",
        irrelevant={_INTERNAL: "rngmultitypid rngcollation rngsubopc rngcanonical rngsubdiff"},
    ),
    "pg_replication_origin": Treatment(reason=_SERVER_WIDE),
    "pg_rewrite": Treatment(
        ("rule", "view"),
        judged="oid rulename ev_class ev_enabled",
        irrelevant={"part of pg_get_ruledef()": "ev_type is_instead ev_qual ev_action"},
    ),
    "pg_seclabel": Treatment(
        ("security_label",),
        judged="objoid classoid objsubid provider label",
    ),
    "pg_sequence": Treatment(
        ("sequence", "column"),
        judged="seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle",
    ),
    "pg_shdepend": Treatment(reason="the roles and tablespaces that an object uses"),
    "pg_shdescription": Treatment(reason=_COMMENT),
    "pg_shseclabel": Treatment(reason=_SERVER_WIDE),
    "pg_statistic": Treatment(reason="statistics about the rows"),
    "pg_statistic_ext": Treatment(
        ("statistics",),
        judged="oid stxname stxnamespace stxstattarget",
        irrelevant={
            "part of pg_get_statisticsobjdef()": "stxrelid stxkeys stxkind stxexprs",
            _OWNER: "stxowner",
        },
    ),
    "pg_statistic_ext_data": Treatment(reason="statistics about the rows"),
    "pg_subscription": Treatment(
        ("subscription",),
        judged="oid subdbid subname subenabled",
        irrelevant={
            _OWNER: "subowner",
            _PASSWORD: "subconninfo",
            "how a subscription transfers rows": (
                "subskiplsn subbinary substream subtwophasestate subdisableonerr "
                "subpasswordrequired subrunasowner subfailover subslotname subsynccommit "
                "subpublications suborigin"
            ),
        },
    ),
    "pg_subscription_rel": Treatment(reason="the progress of a subscription"),
    "pg_tablespace": Treatment(
        ("storage",),
        judged="oid spcname",
        irrelevant={_SERVER_WIDE: "spcowner spcacl spcoptions"},
    ),
    "pg_transform": Treatment(
        ("transform",),
        judged="oid trftype trflang",
        irrelevant={_INTERNAL: "trffromsql trftosql"},
    ),
    "pg_trigger": Treatment(
        ("trigger",),
        judged="oid tgrelid tgname tgfoid tgtype tgenabled tgisinternal tgconstraint tgattr "
        "tgdeferrable tginitdeferred tgoldtable tgnewtable",
        irrelevant={
            "part of pg_get_triggerdef()": "tgargs tgnargs tgqual",
            _TOLD: "tgparentid tgconstrrelid tgconstrindid",
        },
    ),
    "pg_ts_config": Treatment(
        ("text_search_configuration",),
        judged="oid cfgname cfgnamespace",
        irrelevant={_OWNER: "cfgowner", _INTERNAL: "cfgparser"},
    ),
    "pg_ts_config_map": Treatment(
        reason="the dictionaries of a text search configuration, which is seen"
    ),
    "pg_ts_dict": Treatment(
        ("text_search_dictionary",),
        judged="oid dictname dictnamespace",
        irrelevant={_OWNER: "dictowner", _INTERNAL: "dicttemplate dictinitoption"},
    ),
    "pg_ts_parser": Treatment(
        ("text_search_parser",),
        judged="oid prsname prsnamespace",
        irrelevant={_INTERNAL: "prsstart prstoken prsend prsheadline prslextype"},
    ),
    "pg_ts_template": Treatment(
        ("text_search_template",),
        judged="oid tmplname tmplnamespace",
        irrelevant={_INTERNAL: "tmplinit tmpllexize"},
    ),
    "pg_type": Treatment(
        ("type", "unused_type", "domain", "composite_type", "range_type", "base_type"),
        judged="oid typname typnamespace typtype typelem typarray typnotnull "
        "typbasetype typtypmod typdefault typcollation typowner",
        seen="typacl",
        irrelevant={
            _TOLD: "typrelid",
            _INTERNAL: (
                "typlen typbyval typcategory typispreferred typisdefined typdelim typsubscript "
                "typinput typoutput typreceive typsend typmodin typmodout typanalyze typalign "
                "typstorage typndims typdefaultbin"
            ),
        },
    ),
    "pg_user_mapping": Treatment(
        ("user_mapping",),
        judged="oid",
        irrelevant={"part of pg_user_mappings": "umuser umserver", _PASSWORD: "umoptions"},
    ),
}
