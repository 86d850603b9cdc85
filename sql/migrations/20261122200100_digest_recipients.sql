-- A member of a business sees who gets its digest: the addresses of all its owners where it names none.
create function private.my_digest_recipients(business uuid) returns table (address text, nth bigint)
    language sql stable security definer set search_path = ''
as $$
    select r.address, r.nth from private.digest_recipients(business) r
    where business in (select m from private.my_business_ids() m)
$$;

do $$
begin
    grant create on schema private to ringback_definer;
    revoke all on function private.my_digest_recipients(uuid) from public;
    alter function private.my_digest_recipients(uuid) owner to ringback_definer;
    revoke create on schema private from ringback_definer;
end
$$;
grant execute on function private.digest_recipients(uuid), private.email_of(uuid) to ringback_definer;
grant execute on function private.my_digest_recipients(uuid) to authenticated;
grant select (id, email) on public.businesses to ringback_definer;
create policy businesses_definer on public.businesses for select to ringback_definer using (true);
